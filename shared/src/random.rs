//! Randomness, from the system's generator alone.

use crate::error::{Error, Result};

/// So many random bytes.
///
/// # Errors
/// When the system has none to give, which is a fault of the machine.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(bytes)
}
