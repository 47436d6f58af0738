//! A mail server that stores mails instead of sending them.
//!
//! | file | what |
//! | --- | --- |
//! | `smtp` | the SMTP session |
//! | `mail` | reads stored mails |

mod mail;
mod smtp;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use uuid::Uuid;

pub use mail::Mail;

const MAX_MAILS: usize = 500;

/// The captured mails. Each is a file, so it survives a restart. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    port: u16,
    newest_first: Mutex<VecDeque<Mail>>,
}

impl Mailbox {
    /// Listens on 127.0.0.1 until the runtime ends, and keeps the newest 500 mails in `dir`. Port 0 picks a free
    /// port.
    ///
    /// # Errors
    /// Fails when the port is in use or `dir` can't be used.
    pub async fn start(dir: &Path, port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.with_context(|| {
            format!("port {port} for mail is in use: stop the program that uses it, or choose another port")
        })?;
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let mailbox = Self {
            inner: Arc::new(Inner {
                newest_first: Mutex::new(stored(dir)?),
                dir: dir.to_owned(),
                port: listener.local_addr()?.port(),
            }),
        };
        mailbox.remove_oldest(&mut mailbox.lock());
        tokio::spawn(smtp::listen(listener, mailbox.clone()));
        Ok(mailbox)
    }

    /// Returns the server's URL for lettre: `smtp://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.inner.port)
    }

    /// Returns the stored mails, newest first. An accepted mail is included at once.
    pub fn newest_first(&self) -> Vec<Mail> {
        self.lock().iter().cloned().collect()
    }

    /// Stores a mail unchanged, with the recipients of its envelope.
    #[expect(clippy::disallowed_methods, reason = "mails are dated by the machine's clock")]
    fn store(&self, recipients: &[String], raw: &[u8]) -> Result<()> {
        let mut mails = self.lock(); // before the id is created, so that ids are in the order of the mails
        let id = Uuid::now_v7();
        let stored = mail::with_envelope(recipients, raw);
        let temporary = self.inner.dir.join("new.tmp");
        fs::write(&temporary, &stored)?;
        fs::rename(&temporary, file(&self.inner.dir, id))?;
        mails.push_front(Mail::read(id, &stored));
        self.remove_oldest(&mut mails);
        Ok(())
    }

    fn remove_oldest(&self, mails: &mut VecDeque<Mail>) {
        while mails.len() > MAX_MAILS {
            if let Some(mail) = mails.pop_back() {
                let _ = fs::remove_file(self.inner.dir.join(mail.id).with_extension("eml"));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.inner.newest_first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the mails of an earlier run. File names are ids, which sort by time.
fn stored(dir: &Path) -> Result<VecDeque<Mail>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let id = path.file_stem().and_then(|stem| Uuid::parse_str(stem.to_str()?).ok());
        ids.extend(id.filter(|_| path.extension().is_some_and(|extension| extension == "eml")));
    }
    ids.sort_unstable();
    let mails = ids.into_iter().rev().filter_map(|id| {
        let raw = fs::read(file(dir, id)).ok()?;
        Some(Mail::read(id, &raw))
    });
    Ok(mails.collect())
}

fn file(dir: &Path, id: Uuid) -> PathBuf {
    dir.join(id.to_string()).with_extension("eml")
}
