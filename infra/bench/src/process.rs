//! A function's process: started as Lambda starts it, and what the kernel counted of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// The memory that most functions are given (`infra/functions`), in MiB. Passed to the process as a setting; it limits nothing.
const MEMORY_SIZE: &str = "256";

/// How many of the log's last lines explain a failure.
const LINES_SHOWN: usize = 15;

/// A program to start in a function's place.
pub struct Program {
    pub path: PathBuf,
    pub arguments: Vec<&'static str>,
    /// Added to the environment that the bench was started with.
    pub environment: Vec<(String, String)>,
}

/// A started function. It is killed when this value goes, however that comes about.
pub struct FunctionProcess {
    child: Child,
    pid: Pid,
    cpu_clock: ClockId,
    log: PathBuf,
    /// Just before fork and exec.
    pub started: Instant,
}

/// Resident memory, in bytes.
pub struct Memory {
    /// The most it ever was (`VmHWM`).
    pub peak: u64,
    /// What it is now (`VmRSS`).
    pub now: u64,
}

impl FunctionProcess {
    /// Starts the program with Lambda's environment; what it prints goes to the file `log`.
    pub fn start(program: &Program, name: &str, api: &str, log: &Path) -> anyhow::Result<Self> {
        let output = File::create(log).with_context(|| format!("{} can't be written", log.display()))?;
        let mut command = Command::new(&program.path);
        command
            .args(&program.arguments)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api)
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MEMORY_SIZE)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("{} can't be started", program.path.display()))?;
        let pid = Pid::from_raw(child.id().context("it ended at once")?.try_into()?);
        let cpu_clock = clock_getcpuclockid(pid)?;
        Ok(Self { child, pid, cpu_clock, log: log.to_owned(), started })
    }

    /// Processor time used since its start, by all its threads, in user and kernel mode. The kernel's
    /// CPU clock of the process counts nanoseconds, where `utime` and `stime` of `/proc/PID/stat`
    /// count the same time in steps of 10 ms, as much as fifty reads may use.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(self.cpu_clock.now()?.into())
    }

    /// Resident memory, peak and now, from `/proc/PID/status`.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let bytes = |name: &str| -> anyhow::Result<u64> {
            let value = status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"))
                .with_context(|| format!("/proc/PID/status has no {name}"))?;
            Ok(value.parse::<u64>()? * 1024)
        };
        Ok(Memory { peak: bytes("VmHWM:")?, now: bytes("VmRSS:")? })
    }

    /// Waits until it ends by itself, as a function should not.
    pub async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Kills it and waits until it is gone.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// The last lines that it printed, indented, below the log's name.
    pub fn last_lines(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
        let shown = if last.is_empty() { "(nothing printed)".to_owned() } else { last.join("\n    ") };
        format!("{}:\n    {shown}", self.log.display())
    }
}

/// The time to start and wait for a program that does nothing, the median of `runs`: what any process
/// costs on this machine.
pub async fn bare_start(runs: u32) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        Command::new("/bin/true").status().await.context("/bin/true can't be started")?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times.get(times.len() / 2).copied().context("no runs")
}

/// The `NAME=value` lines of a file; values are taken as they stand, `#` begins a comment line.
pub fn read_environment(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let content = fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let lines = content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once('=').with_context(|| format!("{line:?}: no NAME=value")));
    pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}
