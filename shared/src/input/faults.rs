//! Collects all faults of an input, each with its place.

use std::ops::ControlFlow;

use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef};

use crate::error::{Error, Fault, MAX_FAULTS, Place};

/// The longest part of an unknown key that is repeated in a message, in characters.
const MAX_KEY_SHOWN: usize = 100;

/// The faults of one input. Reading stops at [`MAX_FAULTS`].
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Returns a single fault at `location`.
    #[must_use]
    pub fn one(location: ValuePointerRef, code: &'static str, detail: impl Into<String>) -> Self {
        Self(vec![Fault { place: Place::Body(pointer(location)), code, detail: detail.into() }])
    }

    /// Converts the faults into the error for a request body.
    #[must_use]
    pub fn of_body(self) -> Error {
        Error::invalid_all(self.0)
    }

    /// Converts the faults into the error for a query string: the pointer `/limit` becomes the parameter `limit`.
    #[must_use]
    pub fn of_query(self) -> Error {
        Error::invalid_all(
            self.0
                .into_iter()
                .map(|fault| match fault.place {
                    Place::Body(pointer) => {
                        let parameter = pointer.trim_start_matches('/').to_owned();
                        Fault { place: Place::Query(parameter), ..fault }
                    }
                    Place::Query(_) | Place::Header(_) => fault,
                })
                .collect(),
        )
    }
}

/// Returns the location as a JSON Pointer (RFC 6901).
fn pointer(location: ValuePointerRef) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => {
            format!("{}/{}", pointer(*prev), shown(key).replace('~', "~0").replace('/', "~1"))
        }
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(*prev)),
    }
}

fn shown(key: &str) -> &str {
    key.char_indices().nth(MAX_KEY_SHOWN).and_then(|(end, _)| key.get(..end)).unwrap_or(key)
}

impl MergeWithError<Self> for Faults {
    fn merge(before: Option<Self>, more: Self, _: ValuePointerRef) -> ControlFlow<Self, Self> {
        let mut all = before.unwrap_or_default();
        all.0.extend(more.0);
        if all.0.len() >= MAX_FAULTS {
            return ControlFlow::Break(all);
        }
        ControlFlow::Continue(all) // continue, to find all faults
    }
}

impl DeserializeError for Faults {
    fn error<V: IntoValue>(
        before: Option<Self>,
        error: ErrorKind<V>,
        location: ValuePointerRef,
    ) -> ControlFlow<Self, Self> {
        let fault = match error {
            ErrorKind::MissingField { field } => {
                Self::one(location.push_key(field), "required", format!("`{field}` is required."))
            }
            ErrorKind::UnknownKey { key, accepted } => {
                let key = shown(key);
                let detail = match accepted {
                    [] => format!("There is no field `{key}` here."),
                    _ => format!("There is no field `{key}` here. Known fields: {}.", accepted.join(", ")),
                };
                Self::one(location.push_key(key), "unknown_field", detail)
            }
            ErrorKind::IncorrectValueKind { actual, accepted } => {
                let detail = format!("This must be {}, not {}.", names(accepted), name(actual.kind()));
                Self::one(location, "wrong_type", detail)
            }
            ErrorKind::UnknownValue { accepted, .. } => {
                Self::one(location, "unknown_value", format!("This must be one of: {}.", accepted.join(", ")))
            }
            ErrorKind::BadSequenceLen { expected, .. } => {
                Self::one(location, "wrong_length", format!("This must have {expected} items."))
            }
            ErrorKind::Unexpected { msg } => Self::one(location, "invalid", msg),
        };
        Self::merge(before, fault, location)
    }
}

fn names(kinds: &[ValueKind]) -> String {
    let mut names: Vec<_> = kinds.iter().map(|kind| name(*kind)).collect();
    names.dedup();
    names.join(" or ")
}

fn name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "null",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer | ValueKind::NegativeInteger => "a whole number",
        ValueKind::Float => "a number",
        ValueKind::String => "a string",
        ValueKind::Sequence => "an array",
        ValueKind::Map => "an object",
    }
}
