//! The database of the stack: a cluster of its own, or one that runs already.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

use super::data_dir::DataDir;
use crate::postgres::Cluster;

const DATABASE: &str = "lyceum";
const OWNER: &str = "lyceum_owner";

/// The database, with its two roles: the owner migrates, the application does the rest.
pub struct Database {
    pub owner_url: String,
    pub application_url: String,
    /// Where it is, for people.
    pub place: String,
    cluster: Option<Cluster>,
}

impl Database {
    /// # Errors
    /// When Postgres is missing, does not start, or does not let us in.
    pub async fn start(data_dir: &DataDir, given: Option<String>) -> Result<Self> {
        match given {
            Some(owner_url) => Self::given(data_dir, owner_url).await,
            None => Self::own(data_dir).await,
        }
    }

    async fn own(data_dir: &DataDir) -> Result<Self> {
        let dir = data_dir.path("postgres");
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&dir, true)).await??;
        let password = cluster.password().to_owned();
        let mut superuser = PgConnection::connect(&cluster.url("postgres", "postgres")).await?;
        lyceum::db::provision(&mut superuser, Some(&password)).await?;
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut superuser)
            .await?;
        if !known {
            let owner = format!(
                "DO $$ BEGIN CREATE ROLE {OWNER} LOGIN PASSWORD '{password}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            );
            superuser.execute(sqlx::raw_sql(AssertSqlSafe(owner))).await?;
            let database = format!("CREATE DATABASE {DATABASE} OWNER {OWNER}");
            superuser.execute(sqlx::raw_sql(AssertSqlSafe(database))).await?;
        }
        superuser.close().await?;
        Ok(Self {
            owner_url: cluster.url(OWNER, DATABASE),
            application_url: cluster.url(lyceum::db::APPLICATION_ROLE, DATABASE),
            place: cluster.location().display().to_string(),
            cluster: Some(cluster),
        })
    }

    async fn given(data_dir: &DataDir, owner_url: String) -> Result<Self> {
        let password = data_dir.application_password()?;
        let mut owner = PgConnection::connect(&owner_url).await.context("the given database does not answer")?;
        lyceum::db::provision(&mut owner, Some(&password)).await.context("the given role may not make roles")?;
        owner.close().await?;
        let mut application = Url::parse(&owner_url)?;
        let place = format!("{}{}", application.host_str().unwrap_or_default(), application.path());
        let changed =
            application.set_username(lyceum::db::APPLICATION_ROLE).and(application.set_password(Some(&password)));
        changed.map_err(|()| anyhow::anyhow!("the given database has no host"))?;
        Ok(Self { owner_url, application_url: application.into(), place, cluster: None })
    }

    /// # Errors
    /// When it does not stop in time.
    pub async fn stop(self) -> Result<()> {
        match self.cluster {
            Some(cluster) => tokio::task::spawn_blocking(|| cluster.stop()).await?,
            None => Ok(()),
        }
    }
}
