//! What the functions' own processes print.

use lyceum::log::METRICS;
use lyceum_local::event;
use serde_json::{Value, json};

use crate::harness::{Lyceum, PASSWORD, Process};

/// Each line is JSON, or the whole is of no use to CloudWatch.
fn lines(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

fn call(method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Value {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))));
    let body = body.map(ToString::to_string);
    event::http(&event::Call {
        method,
        path_and_query: path,
        headers: &headers,
        body: body.as_deref().map(str::as_bytes),
        source_ip: "203.0.113.7",
        route_key: "$default",
        path_parameters: serde_json::Map::new(),
        time: "2026-11-23T19:56:00Z".parse().unwrap(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_one_line_that_says_what_it_was_and_is_a_metric() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    let mut environment = lyceum.environment();
    environment.push(("AWS_LAMBDA_FUNCTION_NAME", "the-school-Profile".to_owned()));
    let mut process = Process::start(env!("CARGO_BIN_EXE_profile"), &environment).await;
    let login = json!({ "identifier": student.email, "password": PASSWORD });
    let mut signs_in = Process::start(env!("CARGO_BIN_EXE_login"), &environment).await;
    let answer = signs_in.invoke(call("POST", "/v1/auth/login", None, Some(&login))).await.unwrap();
    let tokens: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let token = tokens["access_token"].as_str();
    for status in [200, 401] {
        let token = if status == 200 { token } else { Some("forged.forged.forged") };
        let answer = process.invoke(call("GET", "/v1/me", token, None)).await.unwrap();
        assert_eq!(answer["statusCode"].as_u64().unwrap() / 100 * 100, status / 100 * 100, "{answer}");
    }
    let printed = lines(&process.printed());
    assert_eq!(printed.len(), 2, "one a call: {printed:?}");
    let (first, second) = (&printed[0], &printed[1]);
    for (name, value) in [
        ("method", json!("GET")),
        ("route", json!("/v1/me")),
        ("user", json!(student.id)),
        ("cold_start", json!(true)),
        ("function", json!("profile")),
        ("level", json!("INFO")),
        ("stack", json!("the-school")),
        ("unavailable", json!(0)),
        ("limited", json!(0)),
    ] {
        assert_eq!(first[name], value, "{first}");
    }
    assert!(first["milliseconds"].as_f64().unwrap() > 0.0);
    assert!(first["request_id"].as_str().unwrap().len() > 10);
    assert!(first["timestamp"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().is_ok());
    assert_eq!((&second["cold_start"], &second["status"], &second["user"]), (&json!(false), &json!(401), &Value::Null));

    let metrics = &first["_aws"]["CloudWatchMetrics"][0];
    assert_eq!((&metrics["Namespace"], &metrics["Dimensions"]), (&json!("Lyceum"), &json!([["stack"]])));
    let names: Vec<_> =
        metrics["Metrics"].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["milliseconds", "unavailable", "limited"]);
    assert!(names.iter().all(|name| first[*name].is_number()), "each is a number of the line itself");
    assert!(first["_aws"]["Timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    process.stop().await;
    signs_in.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn line_16_no_password_token_or_mail_is_printed_however_much_is_asked_for() {
    let lyceum = Lyceum::new().await;
    let student = lyceum.student().await;
    for level in ["INFO", "TRACE"] {
        let mut environment = lyceum.environment();
        environment.push(("AWS_LAMBDA_LOG_LEVEL", level.to_owned()));
        environment.push(("RUST_LOG", level.to_owned()));
        let mut printed = String::new();
        let mut secrets = vec![PASSWORD.to_owned(), "a wrong password".to_owned()];

        let mut process = Process::start(env!("CARGO_BIN_EXE_login"), &environment).await;
        for password in [PASSWORD, "a wrong password"] {
            let body = json!({ "identifier": student.email, "password": password });
            let answer = process.invoke(call("POST", "/v1/auth/login", None, Some(&body))).await.unwrap();
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            secrets.extend(
                ["access_token", "refresh_token"].iter().filter_map(|name| body[*name].as_str()).map(Into::into),
            );
        }
        assert_eq!(secrets.len(), 4, "it signed in once");
        printed += &process.printed();
        process.stop().await;

        let mut process = Process::start(env!("CARGO_BIN_EXE_profile"), &environment).await;
        let answer = process.invoke(call("GET", "/v1/me", Some(&secrets[2]), None)).await.unwrap();
        assert_eq!(answer["statusCode"], 200);
        printed += &process.printed();
        process.stop().await;

        let mut process = Process::start(env!("CARGO_BIN_EXE_forgot-password"), &environment).await;
        let body = json!({ "email": student.email });
        assert_eq!(
            process.invoke(call("POST", "/v1/auth/forgot-password", None, Some(&body))).await.unwrap()["statusCode"],
            202
        );
        printed += &process.printed();
        process.stop().await;

        let mut process = Process::start(env!("CARGO_BIN_EXE_deliver-mail"), &environment).await;
        process.invoke(event::schedule("deliver-mail", "2026-11-23T19:56:00Z".parse().unwrap())).await.unwrap();
        let of_delivery = lines(&process.printed());
        assert!(
            of_delivery.iter().any(|line| line["mails_waiting"] == 0 && line["_aws"].is_object()),
            "{of_delivery:?}"
        );
        let ran = of_delivery.iter().find(|line| line["message"] == "ran").unwrap();
        assert_eq!(ran["request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd", "Lambda's own");
        assert_eq!((&ran["cold_start"], &ran["failure"]), (&json!(true), &Value::Null));
        printed += &process.printed();
        process.stop().await;
        let mail = &lyceum.mails().await[0];
        let (_, token) = mail.text.split_once("token=").unwrap();
        secrets.push(token.split_whitespace().next().unwrap().to_owned());
        secrets.push(mail.text.lines().find(|line| line.len() > 20).unwrap().to_owned());

        assert!(lines(&printed).len() >= 5, "{printed}");
        for secret in secrets {
            assert!(!printed.contains(&secret), "{level}: {secret} in {printed}");
        }
    }
}

#[test]
fn there_are_no_more_metrics_than_cost_nothing() {
    assert!(METRICS.len() <= 10);
}
