//! The statements of a call without the function: `pgbench`, one client, prepared statements.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::recording::Statement;
use super::school::School;

/// A read's median.
pub fn read(school: &School<'_>, statements: &[Statement], times: u32) -> Result<Duration> {
    let script = Script::of(statements, &BTreeMap::new());
    let prefix = school.folder.join("pgbench-read");
    for old in fs::read_dir(&school.folder)?.flatten() {
        if old.file_name().to_string_lossy().starts_with("pgbench-read.") {
            fs::remove_file(old.path())?;
        }
    }
    let log_prefix = format!("--log-prefix={}", prefix.display());
    script.run(school, times, &["--log", &log_prefix])?;
    let mut took = Vec::new();
    for log in fs::read_dir(&school.folder)?.flatten() {
        if log.file_name().to_string_lossy().starts_with("pgbench-read.") {
            for line in fs::read_to_string(log.path())?.lines() {
                let microseconds = line.split(' ').nth(2).context("a line without a time")?;
                took.push(Duration::from_micros(microseconds.parse()?));
            }
        }
    }
    took.sort_unstable();
    took.get(took.len() / 2).copied().context("pgbench ran nothing")
}

/// A write's mean. What differs from call to call (`varying`: a value as it was recorded, and the column of
/// `bench_targets` that has the next one) is read before, from the row after `after` on, and not counted.
pub fn write(
    school: &School<'_>,
    statements: &[Statement],
    varying: &BTreeMap<String, &str>,
    after: usize,
    times: usize,
) -> Result<Duration> {
    let mut script = Script::of(statements, varying);
    let columns = "course, lesson, enrollment, completion, audit";
    script.text.insert_str(0, &format!("\\set i :i + 1\nSELECT {columns} FROM bench_targets WHERE n = :i \\gset\n"));
    script.variables.push(("i".to_owned(), after.to_string()));
    let output = script.run(school, u32::try_from(times)?, &["--report-per-command"])?;
    let (_, commands) = output.split_once("statement latencies").context("pgbench reports no latencies")?;
    let milliseconds = commands.lines().skip(3).filter_map(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(Duration::from_secs_f64(milliseconds.sum::<f64>() / 1e3))
}

/// A script of pgbench, and the variables that it takes.
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) variables: Vec<(String, String)>,
}

impl Script {
    pub(crate) fn of(statements: &[Statement], varying: &BTreeMap<String, &str>) -> Self {
        let mut script = Self { text: String::new(), variables: Vec::new() };
        for (number, statement) in statements.iter().enumerate() {
            let mut sql = String::new();
            let mut parts = statement.sql.split('$');
            sql.push_str(parts.next().unwrap_or_default());
            for part in parts {
                let digits = part.chars().take_while(char::is_ascii_digit).count();
                let (index, rest) = part.split_at(digits);
                match index.parse::<usize>().ok().and_then(|index| statement.parameters.get(index.checked_sub(1)?)) {
                    Some(Some(value)) => {
                        if let Some(column) = varying.get(value) {
                            sql.extend([":", column]);
                        } else {
                            let name = format!("v{number}_{index}");
                            sql.extend([":", &name]);
                            script.variables.push((name, value.clone()));
                        }
                    }
                    Some(None) => sql.push_str("NULL"),
                    None => {
                        sql.push('$');
                        sql.push_str(index);
                    }
                }
                sql.push_str(rest);
            }
            script.text.push_str(&sql);
            script.text.push_str(";\n");
        }
        script.variables.sort();
        script.variables.dedup();
        script
    }

    fn run(&self, school: &School<'_>, times: u32, options: &[&str]) -> Result<String> {
        let file = school.folder.join("pgbench.sql");
        fs::write(&file, &self.text)?;
        let mut command = Command::new(school.cluster.binaries().program("pgbench"));
        command.args(["--no-vacuum", "--protocol=prepared", "--client=1", &format!("--transactions={times}")]);
        command.args(options).arg("--file").arg(&file);
        for (name, value) in &self.variables {
            command.arg(format!("--define={name}={value}"));
        }
        command.arg(school.cluster.url(lyceum::db::APPLICATION_ROLE, &school.name));
        let output = command.output().context("pgbench can't be started")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        let all = format!("{times}/{times}");
        ensure!(output.status.success() && text.contains(&all), "pgbench failed on\n{}\n{errors}{text}", self.text);
        Ok(text)
    }
}
