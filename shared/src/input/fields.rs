//! Two macros that define a typed input from one list of fields: the struct, its deserialization and its schema.

use super::Faults;
use crate::error::{Error, Place};

/// Defines a body with required fields, and in `optional { … }` fields that may be missing or `null`.
#[macro_export]
macro_rules! fields {
    (
        $(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }
        $(optional { $($(#[$option_doc:meta])* $option:ident: $option_type:ty),* $(,)? })?
    ) => {
        $(#[$doc])*
        #[derive(Debug, $crate::input::Deserr)]
        #[deserr(error = $crate::input::Faults, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            $($($(#[$option_doc])* #[deserr(default)] pub $option: Option<$option_type>,)*)?
        }
        $crate::input_schema!($name { $($field: $type,)* $($($option: Option<$option_type>,)*)? });
    };
}

/// Defines a body or a query in which every field may be missing. Each type must have a default, such as `Change`,
/// `Clearable` or `Option`.
#[macro_export]
macro_rules! optional_fields {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default, $crate::input::Deserr)]
        #[deserr(error = $crate::input::Faults, deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* #[deserr(default)] pub $field: $type),* }
        $crate::input_schema!($name { $($field: $type,)* });
    };
}

/// Implements the schema: the properties with the schemas of their types, and the required fields.
#[doc(hidden)]
#[macro_export]
macro_rules! input_schema {
    ($name:ident { $($field:ident: $type:ty,)* }) => {
        impl $crate::input::Describe for $name {
            fn schema() -> serde_json::Value {
                serde_json::json!({
                    "type": "object",
                    "properties": { $(stringify!($field): <$type as $crate::input::Describe>::schema()),* },
                    "required": $crate::input::required::<Self>(),
                    "additionalProperties": false,
                })
            }
        }
    };
}

/// Returns the required fields of `T`: those that are reported as missing from an empty object.
#[doc(hidden)]
#[must_use]
pub fn required<T: deserr::Deserr<Faults>>() -> Vec<String> {
    let empty = serde_json::Value::Object(serde_json::Map::new());
    let Err(Error::Problem(problem)) = deserr::deserialize::<T, _, Faults>(empty).map_err(Faults::of_body) else {
        return Vec::new();
    };
    let fields = problem.faults.into_iter().filter_map(|fault| match fault.place {
        Place::Body(pointer) => pointer.strip_prefix('/').map(ToOwned::to_owned),
        Place::Query(_) | Place::Header(_) => None,
    });
    fields.collect()
}
