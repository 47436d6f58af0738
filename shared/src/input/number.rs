//! Numbers within the bounds of their columns.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Describe, Faults, Invalid, from_text, shown};

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy)]
pub struct Bounded<const MIN: i32, const MAX: i32>(i32);

impl<const MIN: i32, const MAX: i32> From<Bounded<MIN, MAX>> for i32 {
    fn from(number: Bounded<MIN, MAX>) -> Self {
        number.0
    }
}

impl<const MIN: i32, const MAX: i32> Deserr<Faults> for Bounded<MIN, MAX> {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, Faults> {
        // JSON does not distinguish 5.0 from 5.
        let value = match value {
            deserr::Value::Float(number) if number.fract() == 0.0 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "it saturates at a value that is out of range")]
                deserr::Value::NegativeInteger(number as i64)
            }
            value => value,
        };
        let number = <i64 as Deserr<Faults>>::deserialize_from_value(value, location)?;
        match i32::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => {
                Err(Faults::one(location, "out_of_range", format!("This must be a whole number from {MIN} to {MAX}.")))
            }
        }
    }
}

impl<const MIN: i32, const MAX: i32> Describe for Bounded<MIN, MAX> {
    fn schema() -> Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// A position in an order. The columns allow higher values, for items that are added at the end.
pub type DisplayOrder = Bounded<0, 1_000_000>;

/// An amount with two decimal places (DECIMAL(10, 2)). Written as a string (`"49.00"`), so that no client rounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Money(Decimal);

impl Money {
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }
}

impl Default for Money {
    fn default() -> Self {
        Self(Decimal::new(0, 2))
    }
}

impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.2}", self.0))
    }
}

from_text!(Money, { "type": "string", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,2})?$", "examples": ["49.00"] }, |text| {
    let invalid = || Invalid::new("invalid_amount", "Write a string with up to 8 digits and two decimal places, such as \"49.00\".");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |part: &str, max| (1..=max).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole, 8) || !digits(decimals, 2) {
        return Err(invalid());
    }
    let mut amount: Decimal = text.parse().map_err(|_| invalid())?;
    amount.rescale(2);
    Ok(Money(amount))
});
shown!(Money);
