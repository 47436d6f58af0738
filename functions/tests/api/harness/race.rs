//! Concurrent calls.

use std::future::Future;

/// Runs tasks concurrently. Returns their results in order.
pub async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(task(number))).collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// Counts the outcomes that equal `wanted`.
pub fn how_many<T: PartialEq>(outcomes: &[T], wanted: T) -> usize {
    outcomes.iter().filter(|outcome| **outcome == wanted).count()
}
