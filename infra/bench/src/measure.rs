//! One function, from its start to its figures.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::Bytes;
use tokio::time::timeout;

use crate::emulator::{DEADLINE, Emulator, Outcome, Report};
use crate::process::{FunctionProcess, Memory, Program};
use crate::statuses::Statuses;

/// How often to do what.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Processes to start; `Figures::first_answer` is their median.
    pub starts: u32,
    /// Warm invocations of the last process.
    pub invocations: u32,
}

pub struct Figures {
    /// From just before fork and exec until the first answer was here, median of the starts.
    pub first_answer: Duration,
    /// From an event leaving the emulator until its answer was here, medians of the warm invocations.
    pub warm_p50: Duration,
    /// Likewise, what one in a hundred exceeds.
    pub warm_p99: Duration,
    /// Processor time of a warm invocation, the mean: fetching the event and answering included.
    pub warm_cpu: Duration,
    /// After the last invocation.
    pub memory: Memory,
    pub statuses: Statuses,
}

/// A process with its Runtime API.
pub struct Run {
    emulator: Emulator,
    process: FunctionProcess,
}

/// Starts the program, has it answer the event again and again, and kills it.
pub async fn measure(name: &str, program: &Program, event: &Bytes, plan: Plan, log: &Path) -> anyhow::Result<Figures> {
    let mut statuses = Statuses::default();
    let mut first_answers = Vec::new();
    for _ in 1..plan.starts {
        let mut run = Run::start(name, program, log).await?;
        first_answers.push(run.first_answer(event, &mut statuses).await?);
        run.process.stop().await?;
    }
    let mut run = Run::start(name, program, log).await?;
    first_answers.push(run.first_answer(event, &mut statuses).await?);

    let mut warm = Vec::new();
    let cpu_before = run.process.cpu()?;
    for number in 1..=plan.invocations {
        let report = run.invoke(event, &mut statuses).await;
        let report = report.with_context(|| format!("warm invocation {number}"))?;
        warm.push(report.took);
    }
    let cpu = run.process.cpu()?.saturating_sub(cpu_before);
    let memory = run.process.memory()?;
    run.process.stop().await?;

    first_answers.sort_unstable();
    warm.sort_unstable();
    Ok(Figures {
        first_answer: percentile(&first_answers, 50),
        warm_p50: percentile(&warm, 50),
        warm_p99: percentile(&warm, 99),
        warm_cpu: cpu / plan.invocations.max(1),
        memory,
        statuses,
    })
}

impl Run {
    pub async fn start(name: &str, program: &Program, log: &Path) -> anyhow::Result<Self> {
        let emulator = Emulator::start(name).await?;
        let process = FunctionProcess::start(program, name, &emulator.address(), log)?;
        Ok(Self { emulator, process })
    }

    async fn first_answer(&mut self, event: &Bytes, statuses: &mut Statuses) -> anyhow::Result<Duration> {
        let report = self.invoke(event, statuses).await.context("first invocation")?;
        Ok(report.received - self.process.started)
    }

    /// One invocation that has to be answered; a failure brings the last lines of the log.
    async fn invoke(&mut self, event: &Bytes, statuses: &mut Statuses) -> anyhow::Result<Report> {
        match self.answer(event).await {
            Ok((report, answer)) => {
                statuses.count(&answer);
                Ok(report)
            }
            Err(failure) => bail!("{failure}\n  {}", self.process.last_lines()),
        }
    }

    /// How long a call takes that has to succeed.
    pub async fn answered(&mut self, event: &Bytes) -> anyhow::Result<Duration> {
        let mut statuses = Statuses::default();
        let report = self.invoke(event, &mut statuses).await?;
        match statuses.to_string().as_str() {
            "200" | "201" => Ok(report.took),
            status => bail!("it answers {status}\n  {}", self.process.last_lines()),
        }
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.process.stop().await
    }

    async fn answer(&mut self, event: &Bytes) -> anyhow::Result<(Report, Bytes)> {
        let report = tokio::select! {
            biased; // a function that says why it can't start, and ends, is heard
            report = timeout(DEADLINE, self.emulator.invoke(event.clone())) => match report {
                Ok(report) => report?,
                Err(_) => bail!("no answer within {} s", DEADLINE.as_secs()),
            },
            status = self.process.ended() => bail!("it ended before it answered ({})", status?),
        };
        match &report.outcome {
            Outcome::Answered(answer) => {
                let answer = answer.clone();
                Ok((report, answer))
            }
            Outcome::Failed(error) => {
                bail!("the handler failed: {}", String::from_utf8_lossy(error))
            }
            Outcome::FailedToStart(error) => {
                bail!("it could not start: {}", String::from_utf8_lossy(error))
            }
        }
    }
}

/// The smallest value that `percent` in a hundred do not exceed; zero of none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Duration, percentile};

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
    }
}
