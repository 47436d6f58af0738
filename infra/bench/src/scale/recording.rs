//! Which statements a call sends: the server logs them while a function answers.

use std::path::Path;

use anyhow::{Context, Result};
use axum::body::Bytes;
use sqlx::{AssertSqlSafe, Executor};

use super::school::School;
use crate::measure::Run;

/// A statement with the parameters that it was sent with; none of them is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub sql: String,
    pub parameters: Vec<Option<String>>,
}

/// What the last of these calls sends; those before it warm the function.
pub async fn statements(school: &School<'_>, function: &str, events: &[Bytes]) -> Result<Vec<Statement>> {
    let log = school.cluster.location().join("server.log");
    let role = format!("ALTER ROLE {} IN DATABASE {}", lyceum::db::APPLICATION_ROLE, school.name);
    school.owner().await?.execute(AssertSqlSafe(format!("{role} SET log_statement = 'all'"))).await?;
    let mut run = Run::start(function, &school.program(function)?, &school.folder.join("recording.log")).await?;
    let mut before = 0;
    for event in events {
        before = std::fs::metadata(&log)?.len();
        run.answered(event).await?;
    }
    run.stop().await?;
    school.owner().await?.execute(AssertSqlSafe(format!("{role} RESET log_statement"))).await?;
    statements_after(&log, before)
}

/// The statements that the server logged after the first `before` bytes of its log.
pub fn statements_after(log: &Path, before: u64) -> Result<Vec<Statement>> {
    let text = std::fs::read(log)?;
    let text = String::from_utf8_lossy(text.get(usize::try_from(before)?..).context("the log was cut")?).into_owned();
    Ok(parse(&text))
}

/// A statement's line has its beginning; its other lines begin with a tab; its parameters are the next line's.
fn parse(log: &str) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    let mut continues = false;
    for line in log.lines() {
        if let Some(rest) = line.strip_prefix('\t') {
            if let Some(last) = found.last_mut().filter(|_| continues) {
                last.sql.push('\n'); // which ends a comment
                last.sql.push_str(rest.trim());
            }
            continue;
        }
        let executed = line.split_once("LOG:  execute ").and_then(|(_, rest)| rest.split_once(": "));
        let simple = line.split_once("LOG:  statement: ").map(|(_, sql)| ("", sql));
        continues = false;
        if let Some((_, sql)) = executed.or(simple) {
            continues = true;
            found.push(Statement { sql: sql.trim().to_owned(), parameters: Vec::new() });
        } else if let Some((_, parameters)) = line.split_once("DETAIL:  parameters: ")
            && let Some(last) = found.last_mut()
        {
            last.parameters = values(parameters);
        }
    }
    found.retain(|statement| !statement.sql.trim_matches([';', ' ']).is_empty()); // a sign of life asks nothing
    found
}

/// `$1 = 'it''s', $2 = NULL`
fn values(parameters: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = parameters;
    while let Some((_, after)) = rest.split_once(" = ") {
        let Some(quoted) = after.strip_prefix('\'') else {
            values.push(None);
            rest = after;
            continue;
        };
        let mut value = String::new();
        let mut characters = quoted.char_indices().peekable();
        rest = "";
        while let Some((at, character)) = characters.next() {
            if character != '\'' {
                value.push(character);
            } else if characters.next_if(|(_, next)| *next == '\'').is_some() {
                value.push('\'');
            } else {
                rest = quoted.get(at + 1..).unwrap_or_default();
                break;
            }
        }
        values.push(Some(value));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_in_the_log_with_their_parameters() {
        let log = "2026 UTC [1] LOG:  statement: BEGIN\n\
                   2026 UTC [1] LOG:  execute sqlx_s_1: SELECT a\n\tFROM b WHERE c = $1\n\
                   2026 UTC [1] DETAIL:  parameters: $1 = 'it''s, $2 = ', $2 = NULL, $3 = '{\"x\": 1}'\n\
                   2026 UTC [1] LOG:  statement: ;\n";
        assert_eq!(
            parse(log),
            [
                Statement { sql: "BEGIN".to_owned(), parameters: vec![] },
                Statement {
                    sql: "SELECT a\nFROM b WHERE c = $1".to_owned(),
                    parameters: vec![Some("it's, $2 = ".to_owned()), None, Some("{\"x\": 1}".to_owned())],
                },
            ]
        );
    }
}
