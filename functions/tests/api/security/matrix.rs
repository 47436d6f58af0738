//! Reads `matrix.txt` and sends the request of each cell, once for all tests that check the responses.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use super::world::{CALLERS, World};
use crate::harness::{Answer, DATABASES, Lyceum};

const MATRIX: &str = include_str!("matrix.txt");
/// How many cells are called concurrently.
const AT_ONCE: usize = 6;

pub struct Cell {
    pub method: &'static str,
    pub path: &'static str,
    body: &'static str,
    pub object: &'static str,
    pub caller: &'static str,
    pub expected: u16,
}

/// A cell with the response to its request.
pub struct Called {
    pub cell: Cell,
    pub answer: Answer,
    /// The number of audit rows that it wrote, if it ran in its own copy of the world.
    pub audited: Option<i64>,
}

impl std::fmt::Display for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cell { method, path, object, caller, .. } = self.cell;
        write!(f, "{method} {path}, {object}, {caller}: {} {}", self.answer.status, self.answer.text)
    }
}

/// Returns the routes, as `METHOD /path`, and all cells.
pub fn matrix() -> (BTreeSet<String>, Vec<Cell>) {
    let (mut routes, mut cells) = (BTreeSet::new(), Vec::new());
    let mut route = ("", "", "");
    for line in MATRIX.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if !line.starts_with(' ') {
            let mut parts = line.splitn(3, ' ');
            let mut part = || parts.next().unwrap_or_default();
            route = (part(), part(), part());
            routes.insert(format!("{} {}", route.0, route.1));
            continue;
        }
        let mut words = line.split_whitespace();
        let object = words.next().unwrap();
        let status = |word: &str| word.parse().unwrap_or_else(|_| panic!("no status: {line}"));
        let statuses: Vec<u16> = words.map(status).collect();
        assert_eq!(statuses.len(), CALLERS.len(), "a status for each caller: {line}");
        let (method, path, body) = route;
        let of_line = CALLERS.into_iter().zip(statuses);
        cells.extend(of_line.map(|(caller, expected)| Cell { method, path, body, object, caller, expected }));
    }
    (routes, cells)
}

/// Returns all cells with their responses.
pub async fn called() -> &'static [Called] {
    static CALLED: OnceCell<Vec<Called>> = OnceCell::const_new();
    CALLED.get_or_init(call_all).await
}

async fn call_all() -> Vec<Called> {
    let world = Arc::new(World::make().await);
    let shared = world.copy().await;
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut calls = JoinSet::new();
    let (changing, others): (Vec<_>, Vec<_>) = matrix().1.into_iter().partition(Cell::changes);
    // Cells that change something take longest, so they start first.
    for cell in changing.into_iter().chain(others) {
        let (world, shared, slots) = (world.clone(), shared.clone(), slots.clone());
        calls.spawn(async move {
            let _slot = slots.acquire_owned().await.unwrap();
            if cell.changes() { cell.call_alone(&world).await } else { cell.call(&world, &shared).await }
        });
    }
    calls.join_all().await
}

impl Cell {
    /// Whether the request is expected to change something.
    fn changes(&self) -> bool {
        self.method != "GET" && self.expected < 300
    }

    async fn call(self, world: &World, lyceum: &Arc<Lyceum>) -> Called {
        let (object, caller) = (self.object, self.caller);
        let path = replaced(self.path, ['{', '}'], |name| world.thing(name.trim_end_matches('+'), object, caller));
        let body = replaced(self.body, ['<', '>'], |name| world.thing(name, object, caller));
        let caller = world.caller(caller, lyceum);
        let answer = if let Some(lines) = body.strip_prefix("text/csv ") {
            caller.send_raw(self.method, &path, "text/csv", Some(lines.as_bytes())).await
        } else {
            let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(&body).expect("a body of JSON"));
            caller.send(self.method, &path, body).await
        };
        Called { cell: self, answer, audited: None }
    }

    /// Sends the request in a separate copy of the world.
    async fn call_alone(self, world: &World) -> Called {
        let own = world.copy().await;
        let rows = "SELECT count(*) FROM audit_logs";
        let before = own.count(rows).await;
        let called = self.call(world, &own).await;
        let audited = Some(own.count(rows).await - before);
        let name = own.database_name.clone();
        drop(own);
        DATABASES.remove(&name).await;
        Called { audited, ..called }
    }
}

/// Replaces the names between the brackets.
fn replaced<'a>(text: &str, [open, close]: [char; 2], thing: impl Fn(&str) -> &'a str) -> String {
    let mut parts = text.split(open);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(close).expect("a closing bracket");
        whole.push_str(thing(name));
        whole.push_str(rest);
    }
    whole
}
