//! Many at once.

use std::future::Future;

/// Runs that many tasks at once; what each came to, in their order.
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

/// How many of them are that one.
pub fn how_many<T: PartialEq>(outcomes: &[T], wanted: T) -> usize {
    outcomes.iter().filter(|outcome| **outcome == wanted).count()
}
