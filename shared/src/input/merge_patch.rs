//! Fields of a JSON Merge Patch (RFC 7396): a missing field stays unchanged, `null` clears a field.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};

use super::{Describe, Faults};

/// A field that can be changed, but not cleared: `null` is a fault.
#[derive(Debug, Clone)]
pub struct Change<T>(pub Option<T>);

/// A field that can be changed and cleared. `Some(None)` clears it.
#[derive(Debug, Clone)]
pub struct Clearable<T>(pub Option<Option<T>>);

impl<T> Default for Change<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for Clearable<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Change<T> {
    /// Assigns the new value, if there is one.
    pub fn apply<U: From<T>>(self, place: &mut U) {
        self.apply_with(place, Into::into);
    }

    /// Like [`Self::apply`], with a conversion of the value.
    pub fn apply_with<U>(self, place: &mut U, convert: impl FnOnce(T) -> U) {
        if let Some(value) = self.0 {
            *place = convert(value);
        }
    }
}

impl<T> Clearable<T> {
    /// Assigns the new value or clears the field, if there is a change.
    pub fn apply<U: From<T>>(self, place: &mut Option<U>) {
        if let Some(value) = self.0 {
            *place = value.map(Into::into);
        }
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Change<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef) -> Result<Self, Faults> {
        if matches!(value, Value::Null) {
            return Err(Faults::one(location, "not_clearable", "This can be changed, but not cleared."));
        }
        T::deserialize_from_value(value, location).map(|value| Self(Some(value)))
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Clearable<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef) -> Result<Self, Faults> {
        Option::<T>::deserialize_from_value(value, location).map(|value| Self(Some(value)))
    }
}

impl<T: Describe> Describe for Change<T> {
    fn schema() -> serde_json::Value {
        T::schema()
    }
}

impl<T: Describe> Describe for Clearable<T> {
    fn schema() -> serde_json::Value {
        Option::<T>::schema()
    }
}
