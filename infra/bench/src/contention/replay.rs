//! Recorded statements, run by many clients at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use sqlx::{AssertSqlSafe, Executor};
use tokio::process::Command;
use uuid::Uuid;

use super::percentile;
use crate::scale::pgbench::Script;
use crate::scale::recording::Statement;
use crate::scale::school::School;

/// What pgbench measured.
pub struct Figures {
    /// Transactions a second.
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
    /// Transactions that did not happen, for an error of the database.
    pub errors: usize,
}

/// One call's statements, and what differs from call to call.
pub struct Replay<'a> {
    pub statements: &'a [Statement],
    /// A recorded value, and the column of `rows` that takes its place.
    pub varying: BTreeMap<String, &'static str>,
    /// A query with a row for each call: `n`, counted from 1, and the columns of `varying`.
    pub rows: String,
    pub clients: usize,
    /// Calls of each client.
    pub calls: usize,
}

impl Replay<'_> {
    pub async fn run(&self, school: &School<'_>) -> Result<Figures> {
        let statements: Vec<_> = self.statements.iter().filter(|one| !one.sql.contains("limits")).cloned().collect();
        let mut varying = self.varying.clone();
        let made: Vec<_> = made_values(&statements).into_iter().filter(|made| !varying.contains_key(made)).collect();
        let columns = made.iter().zip(["made_1", "made_2", "made_3", "made_4", "made_5", "made_6"]);
        let mut expressions = String::new();
        for (value, column) in columns {
            let expression = if Uuid::parse_str(value).is_ok() {
                "lyceum_bench_id()"
            } else {
                "encode(sha256(random()::text::bytea), 'hex')"
            };
            expressions.extend([", ", expression, " AS ", column]);
            varying.insert(value.clone(), column);
        }
        let mut owner = school.owner().await?;
        for sql in [
            // As the application makes them: version 7, in the order of time.
            "CREATE OR REPLACE FUNCTION lyceum_bench_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
               SELECT encode(overlay(uuid_send(gen_random_uuid()) PLACING
                 substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 'hex')::uuid $$",
            "DROP TABLE IF EXISTS bench_rows",
            &format!("CREATE TABLE bench_rows AS SELECT row.*{expressions} FROM ({}) AS row", self.rows),
            "ALTER TABLE bench_rows ADD PRIMARY KEY (n)",
            "ANALYZE bench_rows",
            "GRANT SELECT ON bench_rows TO lyceum_app",
        ] {
            owner.execute(AssertSqlSafe(sql)).await.with_context(|| sql.to_owned())?;
        }
        let columns: BTreeSet<_> = varying.values().copied().collect();
        let columns = columns.into_iter().collect::<Vec<_>>().join(", ");
        let mut script = Script::of(&statements, &varying);
        let row = format!(
            "\\set i :i + 1\n\\set n :client_id * {} + :i\nSELECT {columns} FROM bench_rows WHERE n = :n \\gset\n",
            self.calls
        );
        script.text.insert_str(0, &row);
        script.variables.push(("i".to_owned(), "0".to_owned()));
        self.pgbench(school, &script).await
    }

    async fn pgbench(&self, school: &School<'_>, script: &Script) -> Result<Figures> {
        let folder = school.folder.join("contention");
        let _ = fs::remove_dir_all(&folder); // of the run before
        fs::create_dir_all(&folder)?;
        let file = folder.join("script.sql");
        fs::write(&file, &script.text)?;
        let mut command = Command::new(school.cluster.binaries().program("pgbench"));
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--log"]);
        command.arg(format!("--client={}", self.clients)).arg(format!("--transactions={}", self.calls));
        command.arg(format!("--log-prefix={}", folder.join("log").display())).arg("--file").arg(&file);
        for (name, value) in &script.variables {
            command.arg(format!("--define={name}={value}"));
        }
        command.arg(school.cluster.url(lyceum::db::APPLICATION_ROLE, &school.name)).kill_on_drop(true);
        let output = command.output().await.context("pgbench can't be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        let mut took = Vec::new();
        for log in fs::read_dir(&folder)?.flatten() {
            if log.file_name().to_string_lossy().starts_with("log.") {
                for line in fs::read_to_string(log.path())?.lines() {
                    let microseconds: f64 = line.split(' ').nth(2).context("a line without a time")?.parse()?;
                    took.push(microseconds / 1e3);
                }
            }
        }
        took.sort_by(f64::total_cmp);
        let Some(rate) = rate.filter(|_| !took.is_empty()) else {
            bail!("pgbench failed on\n{}\n{}{text}", script.text, String::from_utf8_lossy(&output.stderr));
        };
        let errors = self.clients * self.calls - took.len();
        if errors > 0 {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let first = stderr.lines().find(|line| line.contains("ERROR")).unwrap_or_default();
            eprintln!("  {errors} transactions did not happen: {first}");
        }
        Ok(Figures { rate, p50: percentile(&took, 50), p99: percentile(&took, 99), errors })
    }
}

/// The ids (of version 7) and hashes that an INSERT has and that no statement had before.
fn made_values(statements: &[Statement]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut made = Vec::new();
    for Statement { sql, parameters } in statements {
        for value in parameters.iter().flatten() {
            let is_hash = value.len() == 64 && value.chars().all(|character| character.is_ascii_hexdigit());
            let is_id = Uuid::parse_str(value).is_ok_and(|id| id.get_version_num() == 7);
            if seen.insert(value.clone()) && sql.contains("INSERT INTO") && (is_hash || is_id) {
                made.push(value.clone());
            }
        }
    }
    made
}
