//! Making a month of the audit log while somebody reads all of the log and others write to it.

use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::{Connection, Executor, PgConnection};

use super::percentile;
use crate::scale::school::School;

/// How long the others write.
const WATCHED: Duration = Duration::from_secs(2);

pub async fn measure(school: &School<'_>) -> Result<()> {
    let url = school.cluster.url(lyceum::db::APPLICATION_ROLE, &school.name);
    let (mut reader, mut maker, mut writer) =
        (PgConnection::connect(&url).await?, PgConnection::connect(&url).await?, PgConnection::connect(&url).await?);
    let mut tx = reader.begin().await?;
    tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    tx.execute("SELECT count(*) FROM (SELECT FROM audit_logs LIMIT 1) AS one").await?;
    let making = async {
        let begun = Instant::now();
        let made = maker.execute("SELECT create_audit_partition('2040-01-15')").await;
        (begun.elapsed().as_secs_f64() * 1e3, made.is_ok())
    };
    let writing = async {
        let (begun, mut took) = (Instant::now(), Vec::new());
        while begun.elapsed() < WATCHED {
            let write = Instant::now();
            writer.execute("INSERT INTO audit_logs (action, resource_type) VALUES ('bench', 'bench')").await?;
            took.push(write.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        anyhow::Ok(took)
    };
    let ((took, made), writes) = tokio::join!(making, writing);
    let writes = writes?;
    println!(
        "\nmake a partition of the audit log beside a reader: {} after {took:.0} ms; meanwhile {} writes, p50 {:.1} ms, longest {:.1} ms",
        if made { "made" } else { "gave up" },
        writes.len(),
        percentile(&writes, 50),
        percentile(&writes, 100)
    );
    tx.rollback().await?;
    Ok(())
}
