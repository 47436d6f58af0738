//! One database per test, copied from a migrated template in a shared throwaway cluster.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use lyceum::db;
use lyceum_local::postgres::{self, Cluster};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tokio::sync::OnceCell;

pub static DATABASES: Databases = Databases { template: OnceCell::const_new(), next: AtomicU32::new(0) };

pub struct Databases {
    template: OnceCell<()>,
    next: AtomicU32,
}

pub struct Database {
    pub name: String,
    pub owner: PgPool,
    pub application_url: String,
    pub owner_url: String,
}

impl Databases {
    /// Creates a database with the schema and no data.
    pub async fn create(&self) -> Database {
        let cluster = cluster().await;
        self.template.get_or_init(|| make_template(cluster)).await;
        let name = format!("test_{}", self.next.fetch_add(1, Ordering::Relaxed));
        execute(cluster, format!("CREATE DATABASE {name} TEMPLATE template_lyceum OWNER lyceum_owner")).await;
        Database::connect(cluster, &name)
    }

    /// Opens an existing database.
    pub async fn known(&self, name: &str) -> Database {
        Database::connect(cluster().await, name)
    }

    /// Copies a database with its data. Closes all connections to the original.
    pub async fn copy(&self, original: &str) -> Database {
        let cluster = cluster().await;
        let name = format!("copy_{}", self.next.fetch_add(1, Ordering::Relaxed));
        let cut_off = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{original}'");
        execute(cluster, cut_off).await;
        execute(cluster, format!("CREATE DATABASE {name} TEMPLATE {original} OWNER lyceum_owner")).await;
        Database::connect(cluster, &name)
    }

    /// Drops a database, because all databases are in memory.
    pub async fn remove(&self, name: &str) {
        execute(cluster().await, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }

    /// Creates a database without a schema, for tests of migrations.
    pub async fn create_bare(&self) -> Database {
        let cluster = cluster().await;
        self.template.get_or_init(|| make_template(cluster)).await; // also creates the roles
        let name = format!("bare_{}", self.next.fetch_add(1, Ordering::Relaxed));
        execute(cluster, format!("CREATE DATABASE {name} OWNER lyceum_owner")).await;
        Database::connect(cluster, &name)
    }
}

impl Database {
    /// Creates a database with the schema and no data in a separate cluster.
    pub async fn alone_in(cluster: &Cluster) -> Self {
        make_template(cluster).await;
        Self::in_template_of(cluster)
    }

    /// Opens the database that [`Self::alone_in`] created.
    pub fn in_template_of(cluster: &Cluster) -> Self {
        Self::connect(cluster, "template_lyceum")
    }

    fn connect(cluster: &Cluster, name: &str) -> Self {
        let owner_url = cluster.url("lyceum_owner", name);
        let options = PgPoolOptions::new().max_connections(2);
        Self {
            name: name.to_owned(),
            owner: options.connect_lazy(&owner_url).unwrap(),
            application_url: cluster.url(db::APPLICATION_ROLE, name),
            owner_url,
        }
    }
}

pub async fn cluster() -> &'static Cluster {
    tokio::task::spawn_blocking(postgres::throwaway).await.unwrap().unwrap()
}

async fn make_template(cluster: &Cluster) {
    let password = cluster.password();
    execute(cluster, format!("CREATE ROLE lyceum_owner LOGIN PASSWORD '{password}'")).await;
    let mut superuser = PgConnection::connect(&cluster.url("postgres", "postgres")).await.unwrap();
    db::provision(&mut superuser, Some(password)).await.unwrap();
    execute(cluster, "CREATE DATABASE template_lyceum OWNER lyceum_owner".to_owned()).await;
    let mut owner = PgConnection::connect(&cluster.url("lyceum_owner", "template_lyceum")).await.unwrap();
    db::migrate(&mut owner).await.unwrap();
    owner.close().await.unwrap();
}

async fn execute(cluster: &Cluster, sql: String) {
    let mut superuser = PgConnection::connect(&cluster.url("postgres", "postgres")).await.unwrap();
    superuser.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    superuser.close().await.unwrap();
}

/// Returns the schema as `pg_dump` writes it.
pub async fn schema_of(url: &str) -> String {
    let pg_dump = cluster().await.binaries().program("pg_dump");
    let output = Command::new(pg_dump).args(["--schema-only", "--dbname", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n") // each dump contains a random key
}
