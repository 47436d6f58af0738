//! HTTP: routes as data, typed requests and replies, and the dispatch between them.

mod answer;
mod dispatch;
mod idempotency;
mod incoming;
pub mod openapi;
mod problem_page;
mod reply;
mod request;
mod response_cache;
mod route;
mod stored_response;
mod text_body;

pub use dispatch::Api;
pub(crate) use dispatch::milliseconds;
pub use problem_page::problem_page;
pub use reply::{Raw, Reply};
pub use request::Request;
pub use route::{Access, Route, delete, get, patch, post, put};
