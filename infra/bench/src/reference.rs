//! The cheapest function there can be: the Runtime API's loop over one blocking connection, with a
//! constant answer. Measured like a function, in a process of its own, it shows what of each figure
//! belongs to the process start, the emulator and the loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::Context;

const ANSWER: &str = r#"{"statusCode":200}"#;

/// Serves until the Runtime API goes away.
pub fn serve() -> anyhow::Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").context("AWS_LAMBDA_RUNTIME_API is not set")?;
    let mut connection = TcpStream::connect(&api)?;
    connection.set_nodelay(true)?;
    let mut answers = BufReader::new(connection.try_clone()?);
    let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: {api}\r\n\r\n");
    loop {
        connection.write_all(next.as_bytes())?;
        let id = read_answer(&mut answers)?.context("an event without a request id")?;
        let response = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: {api}\r\ncontent-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        );
        connection.write_all(response.as_bytes())?;
        read_answer(&mut answers)?;
    }
}

/// Reads one answer to its end, and returns the request id that its headers name.
fn read_answer(answers: &mut impl BufRead) -> anyhow::Result<Option<String>> {
    let (mut id, mut length) = (None, 0);
    let mut line = String::new();
    loop {
        line.clear();
        anyhow::ensure!(answers.read_line(&mut line)? > 0, "the Runtime API closed the connection");
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("lambda-runtime-aws-request-id") => {
                id = Some(value.to_owned());
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse()?;
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    std::io::copy(&mut answers.take(length), &mut std::io::sink())?;
    Ok(id)
}
