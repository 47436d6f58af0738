//! Everything works through a pooler that gives a connection for a transaction only: Debian's `PgBouncer`, which knows
//! less than `RDS Proxy` (it hands on no statement that has a name, and takes no option at the start).

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lyceum_local::programs::needed;
use serde_json::json;

use crate::harness::{Alone, Answer, Caller, CourseInProgress, Database, Lyceum};

/// Ended with the test, however it ends.
struct PgBouncer {
    process: Child,
    port: u16,
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl PgBouncer {
    /// Before that cluster, with so many connections to it.
    async fn start(program: &Path, cluster: &Alone, connections: u32, further: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = cluster.location(); // where Postgres' user, whom it runs as, may read
        let users = folder.join("users.txt");
        fs::write(&users, format!("\"lyceum_app\" \"{}\"\n", cluster.password())).unwrap();
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             max_client_conn = 1100\ndefault_pool_size = {connections}\n{further}\n",
            cluster.port(),
            users.display(),
        );
        fs::write(&settings, text).unwrap();
        let mut command = Command::new(program);
        command.arg("--quiet").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
        let (us, them) = (fs::metadata("/proc/self").unwrap().uid(), fs::metadata(folder).unwrap());
        if us != them.uid() {
            command.uid(them.uid()).gid(them.gid());
        }
        let pooler = Self { process: command.spawn().unwrap(), port };
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await; // until its port is open
        }
        pooler
    }

    /// A Lyceum whose pool has so many connections to it.
    async fn lyceum(&self, cluster: &Alone, clients: u32) -> Arc<Lyceum> {
        let url = format!("postgres://lyceum_app@127.0.0.1:{}/template_lyceum", self.port);
        Lyceum::over(Database::alone_in(cluster).await, |name| match name {
            "DATABASE_URL" => Some(url.clone()),
            "DATABASE_STATEMENTS" => Some("unnamed".to_owned()),
            "DATABASE_MAX_CONNECTIONS" => Some(clients.to_string()),
            _ => None,
        })
        .await
    }
}

/// What a learner's browser calls, once around.
async fn around(learner: &Caller, course: &CourseInProgress, lesson: &str) -> Vec<Answer> {
    vec![
        learner.get("/v1/courses?q=course&sort=newest").await,
        learner.post(&course.path("/enrollments"), json!({})).await,
        learner.put(&format!("/v1/lessons/{lesson}/completion"), json!({ "time_spent_minutes": 3 })).await,
        learner.get("/v1/me/enrollments").await,
        learner.patch("/v1/me", json!({ "bio": "Reads maps." })).await,
        learner.get(&course.path("/outline")).await,
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn line_27_a_thousand_clients_over_twenty_connections_see_no_fault() {
    let Some(program) = needed("pgbouncer") else { return };
    let cluster = Alone::start().await;
    let pooler = PgBouncer::start(&program, &cluster, 20, "").await;
    let lyceum = pooler.lyceum(&cluster, 1000).await;
    let (admin, instructor) = (lyceum.admin().await, lyceum.instructor().await);
    let course = Arc::new(CourseInProgress::published(&admin, &instructor, 1).await);
    let mut learners = Vec::new();
    let lesson = course.lessons[0].clone();
    // One after the other first, whose answers show that all of it works; then all at once.
    for _ in 0..20 {
        let learner = lyceum.student().await;
        for answer in around(&learner, &course, &lesson).await {
            assert!(answer.status < 300, "{} {}", answer.status, answer.text);
        }
        learners.push(learner);
    }
    let began = Instant::now();
    let clients = (0..1000).map(|number| {
        let (learner, course, lesson) = (learners[number % learners.len()].clone(), course.clone(), lesson.clone());
        tokio::spawn(async move { around(&learner, &course, &lesson).await })
    });
    let (mut good, mut busy) = (0, 0);
    for client in clients.collect::<Vec<_>>() {
        for answer in client.await.unwrap() {
            match answer.status {
                200..300 => good += 1,
                503 => {
                    assert_eq!(answer.header("retry-after"), "1");
                    busy += 1;
                }
                _ => panic!("{} {}", answer.status, answer.text),
            }
        }
    }
    println!("{good} good answers and {busy} busy ones in {} ms", began.elapsed().as_millis());
    assert!(good > busy, "{good} good answers, {busy} busy ones");
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'lyceum_app'";
    assert!(lyceum.count(connections).await <= 20, "however many clients there are");
    lyceum.assert_progress_is_as_the_facts_say().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn line_27_a_pooler_that_is_full_is_a_quick_503() {
    let Some(program) = needed("pgbouncer") else { return };
    let cluster = Alone::start().await;
    let pooler = PgBouncer::start(&program, &cluster, 1, "query_wait_timeout = 1").await;
    let lyceum = pooler.lyceum(&cluster, 8).await;
    let student = lyceum.student().await;
    // A write elsewhere that holds what the next one needs, so that the one connection waits with it.
    let mut holder = cluster.superuser("template_lyceum").await;
    sqlx::raw_sql("BEGIN; LOCK TABLE users").execute(&mut holder).await.unwrap();
    let began = Instant::now();
    let (waiting, turned_away) =
        tokio::join!(student.patch("/v1/me", json!({ "bio": "One" })), student.get("/v1/categories"));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    for answer in [waiting, turned_away] {
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "unavailable");
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    student.insist("PATCH", "/v1/me", Some(json!({ "bio": "Two" }))).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn line_27_keys_are_rotated_by_two_clients_over_one_connection() {
    let Some(program) = needed("pgbouncer") else { return };
    let cluster = Alone::start().await;
    let pooler = PgBouncer::start(&program, &cluster, 1, "").await;
    let lyceum = pooler.lyceum(&cluster, 2).await;
    tokio::join!(lyceum.run("rotate-keys", json!({})), lyceum.run("rotate-keys", json!({})));
    assert_eq!(lyceum.audited("signing_key.publish").await.len(), 2);
}
