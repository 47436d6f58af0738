//! The numbers of rows, and which learner takes which courses.

use anyhow::{Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

/// The requested sizes.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub courses: u32,
    pub users: u32,
    pub completions: u32,
}

/// Lessons of a course that count for progress. Each course also has one optional and one unpublished lesson.
pub const COUNTED_LESSONS: i64 = 10;
/// Of fifty consecutive courses, 46 are open for enrolment: not the first three (a draft, an archived and a private
/// one) and not the last (which has a prerequisite).
const OPEN_OF_FIFTY: i64 = 46;
/// The sizes of the first ranges of courses: every learner takes the first course, and one of the next 9, 90 and 900.
const POPULAR: [i64; 4] = [1, 9, 90, 900];

/// The parameters `$1` to `$9` of the statements.
#[derive(Debug)]
pub struct Plan {
    courses: i64,
    instructors: i64,
    users: i64,
    completions: i64,
    /// Enrolments per learner. Even, because enrolments come in pairs that complete a fixed number of lessons together.
    choices: i64,
    /// The starts of the ranges of open courses, and the end of the last. Each learner takes one course of each range.
    ranges: Vec<i64>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Plan {
    pub fn new(sizes: Sizes) -> Result<Self> {
        let (courses, users) = (i64::from(sizes.courses), i64::from(sizes.users));
        let completions = i64::from(sizes.completions);
        ensure!(courses >= 50 && users >= 10, "At least 50 courses and 10 users are required.");
        let instructors = (users / 100).max(1);
        let learners = users - instructors;
        let choices = 2 * (completions / (learners * COUNTED_LESSONS)).max(1);
        let open = courses / 50 * OPEN_OF_FIFTY + (courses % 50 - 2).clamp(0, OPEN_OF_FIFTY);
        ensure!(
            choices <= open && completions <= learners * choices * COUNTED_LESSONS,
            "This number of completions requires more users or more courses."
        );
        #[expect(clippy::disallowed_methods, reason = "the data ends at the time of seeding")]
        let until = Utc::now();
        Ok(Self {
            courses,
            instructors,
            users,
            completions,
            choices,
            ranges: ranges(open, choices),
            since: until - TimeDelta::days(365),
            until,
        })
    }

    pub fn bind<'a>(
        &'a self,
        query: Query<'a, Postgres, PgArguments>,
        password: &'a str,
    ) -> Query<'a, Postgres, PgArguments> {
        query
            .bind(self.courses)
            .bind(self.instructors)
            .bind(self.users)
            .bind(self.completions)
            .bind(self.choices)
            .bind(&self.ranges)
            .bind(self.since.timestamp_millis())
            .bind(self.until.timestamp_millis())
            .bind(password)
    }
}

fn ranges(open: i64, choices: i64) -> Vec<i64> {
    let mut ranges = vec![0];
    let popular: i64 = POPULAR.iter().sum();
    if usize::try_from(choices).is_ok_and(|choices| choices > POPULAR.len()) && open > popular + choices {
        for size in POPULAR {
            ranges.push(ranges.last().copied().unwrap_or_default() + size);
        }
    }
    let (first, left) =
        (ranges.last().copied().unwrap_or_default(), choices + 1 - i64::try_from(ranges.len()).unwrap_or_default());
    ranges.extend((1..=left).map(|number| first + (open - first) * number / left));
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_not_empty_and_do_not_overlap() {
        for (open, choices) in [(46, 2), (46, 46), (9_200, 20), (184_000, 22)] {
            let ranges = ranges(open, choices);
            assert_eq!(i64::try_from(ranges.len()).unwrap(), choices + 1);
            assert!(ranges.is_sorted_by(|one, next| one < next), "{ranges:?}");
            assert_eq!((ranges[0], ranges[ranges.len() - 1]), (0, open));
        }
    }
}
