//! `cargo lambda`: its Runtime API and its `invoke` run the very binaries, against the services of the local stack.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lyceum_local::programs::needed;
use serde_json::Value;

use crate::journey::stack;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Ended with the test, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_answer_their_event_files() {
    let Some(program) = needed("cargo-lambda") else { return };
    let (stack, _folder) = stack().await;
    let environment = stack.environment.to_string();
    let environment: Vec<_> = environment.lines().filter_map(|line| line.split_once('=')).collect();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let watch = Command::new(&program)
        .args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1", "--invoke-port", &port])
        .current_dir(ROOT)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _watch = Running(watch.unwrap());

    for (name, binary) in [
        ("login", env!("CARGO_BIN_EXE_login")),
        ("courses", env!("CARGO_BIN_EXE_courses")),
        ("not-found", env!("CARGO_BIN_EXE_not-found")),
        ("deliver-mail", env!("CARGO_BIN_EXE_deliver-mail")),
        ("recompute-progress", env!("CARGO_BIN_EXE_recompute-progress")),
        ("run-jobs", env!("CARGO_BIN_EXE_run-jobs")),
    ] {
        until_listening(&port).await;
        let function = Command::new(binary)
            .envs(environment.iter().copied())
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/.rt/{name}"))
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let _function = Running(function.unwrap());
        let event = format!("functions/events/{name}.json");
        let (program, port) = (program.clone(), port.clone());
        let invoke = move || {
            let arguments = [
                "lambda",
                "invoke",
                name,
                "--invoke-address",
                "127.0.0.1",
                "--invoke-port",
                &port,
                "--data-file",
                &event,
            ];
            Command::new(program).args(arguments).current_dir(ROOT).output().unwrap()
        };
        let output = tokio::task::spawn_blocking(invoke).await.unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {answer}{}", String::from_utf8_lossy(&output.stderr));
        let answer: Value = serde_json::from_str(&answer).unwrap();
        match name {
            "deliver-mail" | "recompute-progress" | "run-jobs" => {
                assert_eq!(answer["batchItemFailures"], Value::Array(vec![]));
            }
            "not-found" => assert_eq!(answer["statusCode"], 404),
            _ => assert_eq!(answer["statusCode"], 200, "{name}: {answer}"),
        }
    }
    stack.stop().await.unwrap();
}

async fn until_listening(port: &str) {
    for _ in 0..500 {
        if tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await; // until its port is open
    }
    panic!("cargo lambda does not listen");
}
