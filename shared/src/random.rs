//! Random bytes from the operating system.

use crate::error::{Error, Result};

/// Returns `N` random bytes.
///
/// # Errors
/// Fails when the operating system can't provide them.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(bytes)
}
