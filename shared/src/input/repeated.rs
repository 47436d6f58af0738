//! Query parameters that may be repeated.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};

use super::{Describe, Faults};

/// The most repetitions. Each one adds a condition to the SQL query.
const MAX: usize = 20;

/// The values of a repeated parameter, in order.
#[derive(Debug, Clone)]
pub struct Repeated<T>(pub Vec<T>);

impl<T> Default for Repeated<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Repeated<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef) -> Result<Self, Faults> {
        let Value::Sequence(_) = &value else {
            return T::deserialize_from_value(value, location).map(|one| Self(vec![one]));
        };
        let all = Vec::<T>::deserialize_from_value(value, location)?;
        if all.len() > MAX {
            return Err(Faults::one(
                location,
                "too_many",
                format!("This parameter can be repeated up to {MAX} times."),
            ));
        }
        Ok(Self(all))
    }
}

impl<T: Describe> Describe for Repeated<T> {
    fn schema() -> serde_json::Value {
        Vec::<T>::schema()
    }
}
