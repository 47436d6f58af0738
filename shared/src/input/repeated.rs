//! A parameter of the query string that may come more than once.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};

use super::{Describe, Faults};

/// At most so many: each is a condition of the query.
const MOST: usize = 20;

/// All values of the parameter, in their order.
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
        if all.len() > MOST {
            return Err(Faults::one(location, "too_many", format!("It can be repeated up to {MOST} times.")));
        }
        Ok(Self(all))
    }
}

impl<T: Describe> Describe for Repeated<T> {
    fn schema() -> serde_json::Value {
        Vec::<T>::schema()
    }
}
