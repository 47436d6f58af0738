//! Passwords: which are accepted, and how they are kept (OWASP: argon2id, 19 MiB, two passes).

use std::collections::HashSet;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Fault, Result};
use crate::input::{Invalid, from_text};

/// A password as somebody typed it. What counts is its form NFKC of Unicode, so that every keyboard writes the same
/// one. It can't be printed: its `Debug` says nothing, and it has no `Display` and no `Serialize`.
pub struct Password {
    normalized: String,
    /// What an earlier system hashed.
    typed: String,
}

impl Password {
    fn new(typed: &str) -> Self {
        Self { normalized: typed.nfkc().collect(), typed: typed.to_owned() }
    }
}

/// A password that may be chosen: 12 to 128 characters, and none of the common ones.
pub struct NewPassword(Password);

impl From<NewPassword> for Password {
    fn from(new: NewPassword) -> Self {
        new.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// Those of the most common passwords that are long enough to be tried at all.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

impl NewPassword {
    /// Refuses one that is the email or the username, which would be the first to be guessed.
    ///
    /// # Errors
    /// 422 at that place of the body.
    pub fn differs_from(&self, identifiers: &[&str], pointer: &str) -> Result<()> {
        let password = self.0.normalized.to_lowercase();
        if identifiers.iter().all(|identifier| identifier.to_lowercase() != password) {
            return Ok(());
        }
        let detail = "The password is the email or the username, which would be tried first.";
        Err(Error::invalid(Fault::at(pointer, "guessable_password", detail)))
    }
}

from_text!(Password, { "type": "string", "format": "password", "minLength": 1, "maxLength": 1024 }, |text| match text.chars().count() {
    0 => Err(Invalid::new("blank", "It is empty.")),
    1..=1024 => Ok(Password::new(text)),
    _ => Err(Invalid::new("too_long", "No password is that long.")),
});

from_text!(NewPassword, { "type": "string", "format": "password", "minLength": 12, "maxLength": 128 }, |text| {
    let password = Password::new(text);
    let typed = text.chars().count();
    // One character can become 18 by NFKC: both forms need the length.
    match password.normalized.chars().count() {
        _ if text.contains('\0') => Err(Invalid::new("invalid_text", "It holds a NUL character.")),
        _ if typed < 12 => Err(Invalid::new("too_short", TOO_SHORT)),
        0..12 => Err(Invalid::new("too_short", TOO_SHORT)),
        12..=128 if COMMON.contains(password.normalized.to_lowercase().as_str()) => {
            Err(Invalid::new("common_password", "This is among the passwords that are guessed first."))
        }
        12..=128 => Ok(NewPassword(password)),
        _ => Err(Invalid::new("too_long", "A password has at most 128 characters.")),
    }
});

const TOO_SHORT: &str = "A password has at least 12 characters; a short sentence is a good one.";

/// One hash a core at a time: more would only make each slower, and 19 MiB each add up.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(19456, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash to store, with its parameters and salt (a PHC string). On a thread of its own.
///
/// # Errors
/// Only those of the machine.
pub async fn hash(password: NewPassword) -> Result<String> {
    on_own_thread(move || hash_now(&password.0)).await
}

fn hash_now(password: &Password) -> Result<String> {
    let hash = argon2()?.hash_password(password.normalized.as_bytes());
    Ok(hash.map_err(|error| Error::internal(error.to_string()))?.to_string())
}

/// What a check of a password came to.
pub enum Verdict {
    Wrong,
    Right,
    /// Right, by a hash of an earlier system: this one is to take its place.
    RightWith(String),
}

/// Whether the password has this hash. Without a hash (no such account, or one that was only invited) the same work is
/// done, and the answer is no. On a thread of its own.
///
/// # Errors
/// Only those of the machine.
pub async fn verify(password: Password, hash: Option<String>) -> Result<Verdict> {
    on_own_thread(move || {
        if let Some(former) = hash.as_deref().filter(|hash| hash.starts_with("$2")) {
            return verify_former(&password, former);
        }
        let known = hash.as_deref().is_some_and(|hash| hash != NO_PASSWORD);
        let hash = hash.filter(|_| known).unwrap_or_else(|| NOBODYS.to_owned());
        let hash = PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
        let right = argon2()?.verify_password(password.normalized.as_bytes(), &hash).is_ok();
        Ok(if right && known { Verdict::Right } else { Verdict::Wrong })
    })
    .await
}

/// Against bcrypt (`$2a$`, `$2b$`), which reads 72 bytes and knows nothing of Unicode's forms.
fn verify_former(password: &Password, hash: &str) -> Result<Verdict> {
    let right = |text: &str| bcrypt::verify(text, hash).unwrap_or(false);
    if right(&password.typed) || (password.typed != password.normalized && right(&password.normalized)) {
        return hash_now(password).map(Verdict::RightWith);
    }
    Ok(Verdict::Wrong)
}

/// Stands in place of a hash while somebody was only invited.
pub(crate) const NO_PASSWORD: &str = "!";

/// A hash of the parameters above that no password is known to have.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bHljZXVtIG5vYm9keSdz$4vSxlBzZ0l8rJzJ7Bz0K9kqk4jW5f0v8w1rN3bX2y9A";

async fn on_own_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}
