//! Typed input. Bodies and queries are checked while they are read, and all faults are reported at once.
//!
//! A type that is written as text uses `from_text!`, which keeps its JSON Schema next to its check, so that the OpenAPI
//! document matches the code.

mod csv;
mod faults;
mod fields;
mod label;
mod merge_patch;
mod number;
mod repeated;
mod text;

pub use csv::{Csv, Row};
pub use deserr::Deserr;
pub use faults::Faults;
#[doc(hidden)]
pub use fields::required;
pub use label::{Label, is_visible};
pub use merge_patch::{Change, Clearable};
pub use number::{Bounded, DisplayOrder, Money};
pub use repeated::Repeated;
pub(crate) use text::check;
pub use text::{Flag, NoFields, Text, Time};

use serde_json::{Value, json};

/// The JSON Schema of an input.
pub trait Describe {
    /// The accepted media types of such a body, the usual one first. A body that is not JSON is read as text.
    const MEDIA_TYPES: &'static [&'static str] = &["application/json"];

    fn schema() -> Value;
}

/// A type that can be read from a body or a query.
pub trait Input: Deserr<Faults> + Describe + Send + 'static {}
impl<T: Deserr<Faults> + Describe + Send + 'static> Input for T {}

impl Describe for bool {
    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl<T: Describe> Describe for Option<T> {
    fn schema() -> Value {
        let mut schema = T::schema();
        if let Some(kind) = schema.get("type").cloned() {
            schema["type"] = json!([kind, "null"]);
        }
        if let Some(Value::Array(values)) = schema.get_mut("enum") {
            values.push(Value::Null);
        }
        schema
    }
}

impl<T: Describe> Describe for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

/// The reason why a text is not valid for its type. The reader adds the place.
#[derive(Debug)]
pub struct Invalid {
    pub code: &'static str,
    pub detail: String,
}

impl Invalid {
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// Implements reading from a JSON string: `from_text!(Type, { schema }, |text| -> Result<Type, Invalid>)`.
macro_rules! from_text {
    ($type:ty, { $($schema:tt)* }, $parse:expr) => {
        impl $crate::input::Describe for $type {
            fn schema() -> serde_json::Value {
                serde_json::json!({ $($schema)* })
            }
        }

        impl deserr::Deserr<$crate::input::Faults> for $type {
            fn deserialize_from_value<V: deserr::IntoValue>(
                value: deserr::Value<V>,
                location: deserr::ValuePointerRef,
            ) -> Result<Self, $crate::input::Faults> {
                let text = <String as deserr::Deserr<$crate::input::Faults>>::deserialize_from_value(value, location)?;
                let parse: fn(&str) -> Result<Self, $crate::input::Invalid> = $parse;
                parse(&text).map_err(|invalid| $crate::input::Faults::one(location, invalid.code, invalid.detail))
            }
        }
    };
}
pub(crate) use from_text;

/// Implements the response schema of an input type, which is the same as its input schema.
macro_rules! shown {
    ($type:ty) => {
        impl utoipa::ToSchema for $type {}
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let schema = <$type as $crate::input::Describe>::schema();
                serde_json::from_value(schema).unwrap_or_else(|_| utoipa::openapi::schema::Schema::default().into())
            }
        }
    };
}
pub(crate) use shown;

/// Defines an enum that is text in JSON and SQL.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, sqlx::Type)]
        #[sqlx(type_name = "varchar")]
        pub enum $name {
            $(#[serde(rename = $text)] #[sqlx(rename = $text)] $variant),*
        }

        impl $name {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        $crate::input::shown!($name);
        $crate::input::from_text!($name, { "type": "string", "enum": [$($text),*] }, |text| match text {
            $($text => Ok(Self::$variant),)*
            _ => Err($crate::input::Invalid::new(
                "unknown_value",
                format!("This must be one of: {}.", [$($text),*].join(", ")),
            )),
        });
    };
}
pub(crate) use text_enum;
