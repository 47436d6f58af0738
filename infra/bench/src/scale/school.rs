//! A database with a seeded catalogue, kept between runs, and who calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use lyceum::app::{App, Needs};
use lyceum::config::Settings;
use lyceum::identity::keys::{self, SigningKey};
use lyceum::run::Running;
use lyceum_local::demo;
use lyceum_local::event::{self, Call};
use lyceum_local::postgres::Cluster;
use lyceum_local::seed::{Sizes, seed};
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::recording::{self, Statement};
use crate::process::Program;

pub struct School<'a> {
    pub cluster: &'a Cluster,
    /// The database's name.
    pub name: String,
    /// Where logs and scripts go.
    pub folder: PathBuf,
    target: PathBuf,
    environment: Vec<(String, String)>,
    app: Arc<App>,
}

/// A course that a learner can enrol in, and its first lesson.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Target {
    pub course: uuid::Uuid,
    pub lesson: uuid::Uuid,
}

/// Somebody who calls.
pub struct Learner {
    pub id: String,
    token: String,
}

/// Seeds a database of these sizes, unless an earlier run left one, and returns its name.
pub async fn seeded(cluster: &Cluster, sizes: Sizes) -> Result<String> {
    let Sizes { courses, users, completions } = sizes;
    let name = format!("school_{courses}_{users}_{completions}");
    let mut superuser = PgConnection::connect(&cluster.url("postgres", "postgres")).await?;
    lyceum::db::provision(&mut superuser, Some(cluster.password())).await?;
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut superuser)
        .await?;
    if !known {
        superuser.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    }
    superuser.close().await?;
    let owner_url = cluster.url("postgres", &name);
    let mut owner = PgConnection::connect(&owner_url).await?;
    lyceum::db::migrate(&mut owner).await?;
    let empty: bool = sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM courses)").fetch_one(&mut owner).await?;
    owner.close().await?; // it holds the lock of deployments, which the seed takes
    if empty {
        println!("Seeding {courses} courses, {users} users, {completions} completions:");
        seed(&owner_url, sizes, |step| println!("  {step}")).await?;
    }
    Ok(name)
}

/// Copies a database; a copy of an earlier run goes.
pub async fn copied(cluster: &Cluster, original: &str, name: &str) -> Result<String> {
    let mut superuser = PgConnection::connect(&cluster.url("postgres", "postgres")).await?;
    superuser.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await?;
    superuser.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {original}"))).await?;
    superuser.close().await?;
    Ok(name.to_owned())
}

impl<'a> School<'a> {
    pub async fn open(cluster: &'a Cluster, sizes: Sizes, target: &Path) -> Result<Self> {
        let name = seeded(cluster, sizes).await?;
        Self::in_database(cluster, name, target).await
    }

    /// The school of a database that is seeded already.
    pub async fn in_database(cluster: &'a Cluster, name: String, target: &Path) -> Result<Self> {
        let mut owner = PgConnection::connect(&cluster.url("postgres", &name)).await?;
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder)?;
        let key = keys::generate_pem()?;
        SigningKey::from_pem(key.as_bytes())?.publish_as_owner(&mut owner).await?;
        let key_file = folder.join("signing-key.pem");
        std::fs::write(&key_file, key)?;
        let environment = vec![
            ("DATABASE_URL".to_owned(), cluster.url(lyceum::db::APPLICATION_ROLE, &name)),
            ("SIGNING_KEY_FILE".to_owned(), key_file.display().to_string()),
            ("LIMIT_CALLS_PER_MINUTE".to_owned(), "1000".to_owned()),
        ];
        let app = start_app(&environment).await?;
        Ok(Self { cluster, name, folder, target: target.to_owned(), environment, app })
    }

    /// The functions' statements for the last of these calls, which are made in this process.
    pub async fn statements(&self, function: &str, events: &[Bytes]) -> Result<Vec<Statement>> {
        let role = format!("ALTER ROLE {} IN DATABASE {}", lyceum::db::APPLICATION_ROLE, self.name);
        self.owner().await?.execute(AssertSqlSafe(format!("{role} SET log_statement = 'all'"))).await?;
        let app = start_app(&self.environment).await?; // its connections are logged
        let log = self.cluster.location().join("server.log");
        let mut before = 0;
        for event in events {
            before = std::fs::metadata(&log)?.len();
            answer(&app, function, event).await?;
        }
        self.owner().await?.execute(AssertSqlSafe(format!("{role} RESET log_statement"))).await?;
        recording::statements_after(&log, before)
    }

    /// Calls the function in this process, and returns the status.
    pub async fn call(&self, function: &str, event: &Bytes) -> Result<u64> {
        let answer = invoke(&self.app, function, event).await?;
        answer["statusCode"].as_u64().context("no status")
    }

    pub async fn owner(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.cluster.url("postgres", &self.name)).await?)
    }

    /// The release binary of a function, with the environment that it needs here.
    pub fn program(&self, function: &str) -> Result<Program> {
        let path = crate::package::find_binary(function, &self.target, None)?;
        Ok(Program { path, arguments: Vec::new(), environment: self.environment.clone() })
    }

    /// What a function answers, in this process: for what is not measured.
    pub async fn ask(&self, function: &str, event: &Bytes) -> Result<Value> {
        answer(&self.app, function, event).await
    }

    /// A learner of this run alone, signed in.
    pub async fn learner(&self) -> Result<Learner> {
        self.user("student").await
    }

    /// A user of this run alone with that role, signed in.
    pub async fn user(&self, role: &str) -> Result<Learner> {
        let email: String = sqlx::query_scalar(
            "INSERT INTO users (email, username, password_hash, first_name, last_name, role_id, is_email_verified)
             SELECT named.name || '@bench.test', named.name, u.password_hash, 'Bench', 'Learner', r.id, true
             FROM users u, roles r, (SELECT 'bench-' || gen_random_uuid() AS name) AS named
             WHERE u.email = 'learner-1@seed.test' AND r.name = $1
             RETURNING email",
        )
        .bind(role)
        .fetch_one(&mut self.owner().await?)
        .await?;
        self.sign_in(&email).await
    }

    /// Runs statements as the owner.
    pub async fn prepare(&self, statements: &[&str]) -> Result<()> {
        let mut owner = self.owner().await?;
        for statement in statements {
            owner.execute(AssertSqlSafe(*statement)).await.with_context(|| (*statement).to_owned())?;
        }
        Ok(())
    }

    pub async fn sign_in(&self, email: &str) -> Result<Learner> {
        let body = json!({ "identifier": email, "password": demo::PASSWORD });
        let tokens = self.ask("login", &event("POST", "/v1/auth/login", None, Some(&body))).await?;
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned).context("no token");
        Ok(Learner { id: text(&tokens["user"]["id"])?, token: text(&tokens["access_token"])? })
    }

    /// How many courses the public list has.
    pub async fn listed(&self) -> Result<usize> {
        let listed: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM courses WHERE status = 'published' AND visibility <> 'private' AND deleted_at IS NULL",
        )
        .fetch_one(&mut self.owner().await?)
        .await?;
        Ok(usize::try_from(listed)?)
    }

    /// So many courses that anyone may enrol in, spread over the catalogue.
    pub async fn targets(&self, count: u32) -> Result<Vec<Target>> {
        let targets: Vec<Target> = sqlx::query_as(
            "SELECT c.id AS course, (SELECT l.id FROM sections s JOIN lessons l ON l.section_id = s.id
               WHERE s.course_id = c.id ORDER BY s.display_order, l.display_order LIMIT 1) AS lesson
             FROM courses c
             WHERE c.status = 'published' AND c.visibility = 'public' AND c.price = 0 AND c.prerequisites = '[]'
             ORDER BY md5(c.id::text) LIMIT $1",
        )
        .bind(i64::from(count))
        .fetch_all(&mut self.owner().await?)
        .await?;
        ensure!(targets.len() == usize::try_from(count)?, "there are {} courses to enrol in only", targets.len());
        Ok(targets)
    }
}

async fn start_app(environment: &[(String, String)]) -> Result<Arc<App>> {
    let setting = |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Ok(Arc::new(App::start(Settings::from(setting)?, Needs::database().and_signing_key().and_reader()).await?))
}

async fn invoke(app: &Arc<App>, function: &str, event: &Bytes) -> Result<Value> {
    let known = lyceum_functions::ALL.iter().find(|known| known.name == function).context("no such function")?;
    Ok(Running::new(known, app.clone())?.invoke(serde_json::from_slice(event)?).await?)
}

/// The body of a successful answer.
async fn answer(app: &Arc<App>, function: &str, event: &Bytes) -> Result<Value> {
    let answer = invoke(app, function, event).await?;
    ensure!(answer["statusCode"].as_u64().is_some_and(|status| status < 300), "{function} answers {answer}");
    Ok(serde_json::from_str(answer["body"].as_str().unwrap_or("null"))?)
}

/// The event of a call.
#[expect(clippy::disallowed_methods, reason = "the time of a call is now")]
pub fn event(method: &str, path: &str, learner: Option<&Learner>, body: Option<&Value>) -> Bytes {
    let mut headers = vec![("user-agent".to_owned(), "bench".to_owned())];
    headers.extend(learner.map(|learner| ("authorization".to_owned(), format!("Bearer {}", learner.token))));
    headers.extend(body.map(|_| ("content-type".to_owned(), "application/json".to_owned())));
    let body = body.map(ToString::to_string);
    let call = Call {
        method,
        path_and_query: path,
        headers: &headers,
        body: body.as_deref().map(str::as_bytes),
        source_ip: "127.0.0.1",
        route_key: "$default",
        path_parameters: Map::new(),
        time: chrono::Utc::now(),
    };
    event::http(&call).to_string().into()
}
