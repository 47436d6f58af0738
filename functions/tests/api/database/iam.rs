//! A database as RDS is with IAM: TLS with a certificate of its own root, and a token as the password, which Postgres
//! takes here because the role's password is that very token.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use lyceum::config::AwsIdentity;
use lyceum::db::iam;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sqlx::postgres::PgConnectOptions;

use crate::harness::{Alone, Database, Lyceum};

/// Makes the cluster speak TLS as `localhost`, and take passwords in no other way. Gives its root's file, and another
/// root's.
async fn with_tls(cluster: &Alone) -> (PathBuf, PathBuf) {
    let authority = || {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = parameters.self_signed(&key).unwrap().pem();
        (root, Issuer::new(parameters, key))
    };
    let ((root, issuer), (other_root, _)) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();

    let data = cluster.location().join("data");
    let owner = fs::metadata(&data).unwrap();
    for (name, content) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
        let file = data.join(name);
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let rules = data.join("pg_hba.conf");
    let others = fs::read_to_string(&rules).unwrap();
    let ours = "hostssl all lyceum_app all password\nhostnossl all lyceum_app all reject\n";
    fs::write(&rules, format!("{ours}{others}")).unwrap();
    for setting in ["ssl_cert_file = 'server.crt'", "ssl_key_file = 'server.key'", "ssl = on"] {
        cluster.execute(&format!("ALTER SYSTEM SET {setting}")).await;
    }
    cluster.execute("SELECT pg_reload_conf()").await;
    let (right, wrong) = (cluster.folder().join("right.pem"), cluster.folder().join("wrong.pem"));
    fs::write(&right, root).unwrap();
    fs::write(&wrong, other_root).unwrap();
    (right, wrong)
}

const NAMES: [(&str, &str); 4] = [
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "a+session/token=="),
];

async fn lyceum(cluster: &Alone, url: String) -> Arc<Lyceum> {
    Lyceum::over(Database::in_template_of(cluster), |name| match name {
        "DATABASE_URL" => Some(url.clone()),
        "DATABASE_AUTH" => Some("iam".to_owned()),
        "DATABASE_MAX_CONNECTIONS" => Some("1".to_owned()),
        _ => NAMES.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    })
    .await
}

/// Makes the token of that time the role's password, and ends what connections it has.
async fn expect_the_token_of(cluster: &Alone, url: &str, time: chrono::DateTime<chrono::Utc>) {
    let value = |name: &str| NAMES.iter().find(|(known, _)| *known == name).unwrap().1.to_owned();
    let identity = AwsIdentity {
        region: value("AWS_REGION"),
        access_key_id: value("AWS_ACCESS_KEY_ID"),
        secret_access_key: value("AWS_SECRET_ACCESS_KEY"),
        session_token: Some(value("AWS_SESSION_TOKEN")),
    };
    let options: PgConnectOptions = url.parse().unwrap();
    let token = iam::token(&identity, &options, time).unwrap();
    cluster.execute(&format!("ALTER ROLE lyceum_app PASSWORD '{token}'")).await;
    cluster.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lyceum_app'").await;
}

/// The status once dead connections are gone from the pool.
async fn status(lyceum: &Arc<Lyceum>) -> u16 {
    let first = lyceum.anonymous().get("/v1/categories").await.status;
    if first == 200 { first } else { lyceum.anonymous().get("/v1/categories").await.status }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_connections_and_is_renewed_before_it_expires() {
    let cluster = Alone::start().await;
    Database::alone_in(&cluster).await;
    let (root, _) = with_tls(&cluster).await;
    let url = format!(
        "postgres://lyceum_app@localhost:{}/template_lyceum?sslrootcert={}&sslmode=disable",
        cluster.port(),
        root.display()
    );
    let lyceum = lyceum(&cluster, url.clone()).await;
    let start = lyceum.clock.now();
    expect_the_token_of(&cluster, &url, start).await;
    assert_eq!(status(&lyceum).await, 200);
    let ssl = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'lyceum_app'";
    let ssl: bool = sqlx::query_scalar(ssl).fetch_one(&mut cluster.superuser("postgres").await).await.unwrap();
    assert!(ssl, "whatever the URL says");

    lyceum.clock.advance(TimeDelta::minutes(9));
    expect_the_token_of(&cluster, &url, start).await;
    assert_eq!(status(&lyceum).await, 200, "a connection within ten minutes takes the same token");

    lyceum.clock.advance(TimeDelta::minutes(2));
    expect_the_token_of(&cluster, &url, lyceum.clock.now()).await;
    assert_eq!(status(&lyceum).await, 200, "a later one takes a new token");
    expect_the_token_of(&cluster, &url, start).await;
    assert_ne!(status(&lyceum).await, 200, "and not the old one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_root_or_name_or_without_tls_is_not_talked_to() {
    let cluster = Alone::start().await;
    Database::alone_in(&cluster).await;
    let (right, wrong) = with_tls(&cluster).await;
    let url =
        |host: &str, root: String| format!("postgres://lyceum_app@{host}:{}/template_lyceum{root}", cluster.port());
    let trusting = |file: &PathBuf| format!("?sslrootcert={}", file.display());
    for refused in [
        url("localhost", trusting(&wrong)),
        url("127.0.0.1", trusting(&right)), // the certificate names only localhost
        url("localhost", String::new()),    // RDS' own roots alone
    ] {
        let lyceum = lyceum(&cluster, refused.clone()).await;
        expect_the_token_of(&cluster, &refused, lyceum.clock.now()).await;
        let answer = lyceum.anonymous().get("/v1/categories").await;
        assert_eq!(answer.status, 503, "{refused}: {}", answer.text);
    }
    let accepted = url("localhost", trusting(&right));
    let lyceum = lyceum(&cluster, accepted.clone()).await;
    expect_the_token_of(&cluster, &accepted, lyceum.clock.now()).await;
    assert_eq!(status(&lyceum).await, 200);
    cluster.execute("ALTER SYSTEM SET ssl = off").await;
    cluster.execute("SELECT pg_reload_conf()").await;
    expect_the_token_of(&cluster, &accepted, lyceum.clock.now()).await;
    assert_ne!(status(&lyceum).await, 200, "no TLS, no token");
}
