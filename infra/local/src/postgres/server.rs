//! The server process.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::area::Area;
use super::binaries::Binaries;

const POLL: Duration = Duration::from_millis(10);
const START_LIMIT: Duration = Duration::from_mins(1); // replaying its log after a crash takes time
const STOP_LIMIT: Duration = Duration::from_secs(10);
const START_ATTEMPTS: usize = 5;

/// A Postgres that accepts connections on 127.0.0.1.
#[derive(Debug)]
pub(super) struct Server {
    pub port: u16,
    pid: Pid,
    /// The thread that spawned the process and waits for its end. Linux kills the child when this thread ends, so it
    /// must live as long as the server.
    keeper: JoinHandle<()>,
}

impl Server {
    /// Starts on a free port. Tries another one if a program takes it first.
    pub fn start(binaries: &Binaries, area: &Area, durable: bool) -> Result<Self> {
        end_previous(&area.data())?;
        for _ in 0..START_ATTEMPTS {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            let server = Self::spawn(command(binaries, area, port, durable)?, port)?;
            if server.becomes_ready(&area.data())? {
                return Ok(server);
            }
            if !area.log_tail().contains("Address already in use") {
                break;
            }
        }
        bail!("Postgres did not start; {}/server.log ends with:\n{}", area.dir.display(), area.log_tail())
    }

    fn spawn(mut command: Command, port: u16) -> Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let keeper = thread::Builder::new().name("postgres".to_owned()).spawn(move || match command.spawn() {
            Ok(mut child) => {
                let _ = sender.send(Ok(Pid::from_child(&child)));
                let _ = child.wait();
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        })?;
        let pid = receiver.recv()?.context("cannot run postgres")?;
        Ok(Self { port, pid, keeper })
    }

    /// Waits until the server is ready. Returns false if it ended instead.
    fn becomes_ready(&self, data: &Path) -> Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < START_LIMIT {
            if self.keeper.is_finished() {
                return Ok(false);
            }
            if status(data).is_some_and(|(pid, status)| pid == self.pid && status == "ready") {
                return Ok(true);
            }
            sleep(POLL);
        }
        bail!("Postgres was not ready within {} s", START_LIMIT.as_secs())
    }

    /// Closes connections, flushes the data, and waits for the end.
    pub fn stop(&self) -> Result<()> {
        if self.keeper.is_finished() {
            return Ok(());
        }
        kill_process(self.pid, Signal::INT)?;
        if within_stop_limit(|| self.keeper.is_finished()) {
            return Ok(());
        }
        let _ = kill_process(self.pid, Signal::QUIT); // ends at once; the next start recovers
        bail!("Postgres needed more than {} s to stop", STOP_LIMIT.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

fn command(binaries: &Binaries, area: &Area, port: u16, durable: bool) -> Result<Command> {
    let mut command = area.owner.command(binaries.program("postgres"), &area.dir);
    let mut set = |setting: &str| {
        command.args(["-c", setting]);
    };
    set("listen_addresses=127.0.0.1");
    set(&format!("port={port}"));
    set("unix_socket_directories=");
    set("max_connections=250");
    set("logging_collector=off");
    if !durable {
        set("fsync=off");
        set("synchronous_commit=off");
        set("full_page_writes=off");
    }
    let log = area.new_log()?;
    command.arg("-D").arg(area.data()).stdout(log.try_clone()?).stderr(log);
    // Ctrl-C reaches a terminal's whole process group. The server must stop after its clients.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    Ok(command)
}

/// Stops the server of a stack that was killed. It may still be shutting down, or (not on Linux) still be running.
fn end_previous(data: &Path) -> Result<()> {
    let Some((pid, _)) = status(data) else {
        return Ok(());
    };
    if !serves(pid, data) {
        // Another process may have this id by now, and Postgres would take it for a server.
        fs::remove_file(data.join("postmaster.pid"))?;
        return Ok(());
    }
    let _ = kill_process(pid, Signal::INT);
    if within_stop_limit(|| !serves(pid, data)) {
        return Ok(());
    }
    bail!(
        "an earlier Postgres (process {}) still runs on {} and does not stop; end it with kill -QUIT",
        pid.as_raw_pid(),
        data.display()
    )
}

/// Reads `postmaster.pid`: the process, and its state ("starting", "ready", "stopping").
fn status(data: &Path) -> Option<(Pid, String)> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.trim().parse().ok()?)?;
    let state = lines.nth(6).unwrap_or_default().trim().to_owned();
    Some((pid, state))
}

/// Whether the process is a Postgres on `data`, judged by its command line.
fn serves(pid: Pid, data: &Path) -> bool {
    let pid = pid.as_raw_pid().to_string();
    let command_line = if Path::new("/proc/self").exists() {
        fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
    } else {
        let ps = Command::new("ps").args(["-o", "command=", "-p", &pid]).output();
        ps.map_or_else(|_| Vec::new(), |output| output.stdout)
    };
    String::from_utf8_lossy(&command_line).contains(&*data.to_string_lossy())
}

fn within_stop_limit(done: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < STOP_LIMIT {
        if done() {
            return true;
        }
        sleep(POLL);
    }
    false
}
