//! The order of siblings (categories, the sections of a course, the lessons of a section): all of it in one call, or one of
//! them at a time. No two siblings have the same `display_order`.

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

/// Where one of several siblings stands, and which of the others make room for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placement {
    pub display_order: i32,
    /// Ids of the siblings that move, and their new `display_order`.
    shifted_ids: Vec<Uuid>,
    shifted_to: Vec<i32>,
}

impl Placement {
    /// The two columns of an `UPDATE … FROM unnest(ids, numbers)`.
    pub fn shifted(&self) -> (&[Uuid], &[i32]) {
        (&self.shifted_ids, &self.shifted_to)
    }
}

/// Places something at `wanted` among its siblings, given in their order and without itself. `before` is where it stood
/// among them.
///
/// As in a list on a screen, what moves down stands behind the sibling whose number it takes, and what moves up, or is
/// new, before it. The siblings keep their order, and as many numbers as they can.
pub(super) fn place(siblings: &[(Uuid, i32)], wanted: i32, before: Option<i32>) -> Placement {
    let moves_down = before.is_some_and(|before| before < wanted);
    let split = siblings.partition_point(|(_, number)| *number < wanted || (moves_down && *number == wanted));
    let (front, back) = siblings.split_at(split);

    let mut numbers = Vec::with_capacity(siblings.len());
    let mut next = wanted;
    for (_, number) in front.iter().rev() {
        next = (*number).min(next - 1);
        numbers.push(next);
    }
    numbers.reverse();
    let mut last = wanted;
    for (_, number) in back {
        last = (*number).max(last + 1);
        numbers.push(last);
    }
    let mut display_order = wanted;
    if next < 0 {
        // No room in front, where several had one number: all are numbered from 1 on.
        display_order = counted(split);
        numbers = (0..siblings.len()).map(|index| counted(index + usize::from(index >= split))).collect();
    }
    let moved = siblings.iter().zip(numbers).filter(|((_, old), new)| old != new);
    let (shifted_ids, shifted_to) = moved.map(|((id, _), new)| (*id, new)).unzip();
    Placement { display_order, shifted_ids, shifted_to }
}

fn counted(index: usize) -> i32 {
    i32::try_from(index + 1).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the siblings in their new order, with their numbers; `x` is what is placed.
    fn placed(siblings: &[(char, i32)], wanted: i32, before: Option<i32>) -> String {
        let ids: Vec<_> = siblings.iter().map(|(name, number)| (Uuid::from_u128(*name as u128), *number)).collect();
        let placement = place(&ids, wanted, before);
        let (shifted, numbers) = placement.shifted();
        let mut all = vec![(placement.display_order, 'x')];
        for ((name, number), (id, _)) in siblings.iter().zip(&ids) {
            let shifted = shifted.iter().position(|one| one == id);
            all.push((shifted.map_or(*number, |index| numbers[index]), *name));
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "two have one number: {all:?}");
        all.iter().map(|(number, name)| format!("{name}{number}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_siblings_of_what_is_placed_make_room_and_keep_their_order() {
        let three = [('a', 1), ('b', 2), ('c', 3)];
        for (siblings, wanted, before, expected) in [
            (&three[..], 1, None, "x1 a2 b3 c4"),
            (&three, 2, None, "a1 x2 b3 c4"),
            (&three, 4, None, "a1 b2 c3 x4"),
            (&three, 9, None, "a1 b2 c3 x9"),
            (&three, 0, None, "x0 a1 b2 c3"),
            (&[('a', 1), ('b', 3), ('c', 4)], 3, Some(2), "a1 b2 x3 c4"),
            (&[('a', 1), ('b', 3), ('c', 4)], 4, Some(2), "a1 b2 c3 x4"),
            (&[('a', 1), ('b', 2), ('c', 3)], 2, Some(4), "a1 x2 b3 c4"),
            (&[('a', 1), ('b', 7)], 3, None, "a1 x3 b7"),
            (&[('a', 1), ('b', 1)], 1, Some(2), "x1 a2 b3"),
            (&[('a', 0), ('b', 0), ('c', 5)], 1, Some(0), "a1 b2 x3 c4"),
            (&[('a', 1), ('b', 1), ('c', 1)], 2, Some(1), "a1 b2 c3 x4"),
            (&[], 5, None, "x5"),
        ] {
            assert_eq!(placed(siblings, wanted, before), expected, "{siblings:?} {wanted} {before:?}");
        }
    }
}
