//! The status codes of a function's answers.

use std::fmt;

use serde_json::Value;

/// The status codes of all answers in the order of their first appearance, and how often each came.
/// An event that fails may well be the fastest; here it shows.
#[derive(Default)]
pub struct Statuses(Vec<(String, u32)>);

impl Statuses {
    /// Counts the answer's `statusCode`; `-` for one without, as of a function that serves no HTTP.
    pub fn count(&mut self, answer: &[u8]) {
        let status = serde_json::from_slice::<Value>(answer)
            .ok()
            .and_then(|answer| Some(answer.get("statusCode")?.to_string()))
            .unwrap_or_else(|| "-".to_owned());
        match self.0.iter_mut().find(|(known, _)| *known == status) {
            Some((_, times)) => *times += 1,
            None => self.0.push((status, 1)),
        }
    }
}

impl fmt::Display for Statuses {
    /// `200`, or `201×1 409×204` when they differ.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = match self.0.as_slice() {
            [(status, _)] => vec![status.clone()],
            all => all.iter().map(|(status, times)| format!("{status}×{times}")).collect(),
        };
        f.write_str(&shown.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::Statuses;

    #[test]
    fn a_second_status_shows() {
        let mut statuses = Statuses::default();
        statuses.count(br#"{"statusCode":201,"body":"{}"}"#);
        assert_eq!(statuses.to_string(), "201");
        statuses.count(br#"{"statusCode":409}"#);
        statuses.count(br#"{"batchItemFailures":[]}"#);
        statuses.count(br#"{"statusCode":409}"#);
        assert_eq!(statuses.to_string(), "201×1 409×2 -×1");
    }
}
