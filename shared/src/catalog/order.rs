//! Putting things in order: the complete list of their ids, in one call.

use std::collections::HashSet;

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use serde_json::json;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::Id;
use crate::input::{Describe, Faults};
use crate::problem;

/// The body of an order: a JSON array of ids.
#[derive(Debug)]
pub struct Order<I>(Vec<I>);

impl<I: Id> Order<I> {
    /// The ids, when they are exactly these, each once.
    ///
    /// # Errors
    /// 409 that says which are missing, unknown or repeated.
    pub(crate) fn complete(&self, existing: &[Uuid]) -> Result<Vec<Uuid>> {
        let mut seen = HashSet::new();
        let ids: Vec<Uuid> = self.0.iter().map(|id| id.uuid()).collect();
        let repeated: Vec<_> = ids.iter().filter(|id| !seen.insert(**id)).collect();
        let missing: Vec<_> = existing.iter().filter(|id| !seen.contains(id)).collect();
        let unknown: Vec<_> = ids.iter().filter(|id| !existing.contains(id)).collect();
        if repeated.is_empty() && missing.is_empty() && unknown.is_empty() {
            return Ok(ids);
        }
        Err(Error::problem(&problem::INCOMPLETE_ORDER, "Name every item exactly once, in the new order.")
            .with("missing", json!(missing))
            .with("unknown", json!(unknown))
            .with("repeated", json!(repeated)))
    }
}

impl<I: Deserr<Faults>> Deserr<Faults> for Order<I> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef,
    ) -> std::result::Result<Self, Faults> {
        Vec::deserialize_from_value(value, location).map(Self)
    }
}

impl<I: Describe> Describe for Order<I> {
    fn schema() -> serde_json::Value {
        Vec::<I>::schema()
    }
}
