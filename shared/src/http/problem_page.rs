//! The web page that explains a problem type.

use super::{Raw, Reply};
use crate::error::{Error, Result};
use crate::problem;

/// Returns the HTML page of `/problems/{name}`.
///
/// # Errors
/// 404 when there is no such problem.
pub fn problem_page(name: &str) -> Result<Reply<Raw>> {
    let kind = problem::ALL.iter().find(|kind| kind.name == name).ok_or_else(|| Error::not_found("problem"))?;
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}}</style>\
         <h1>{title}</h1><p><code>{status} /problems/{name}</code></p><p>{meaning}</p>\
         <p><a href=\"/docs\">The API</a></p></html>",
        title = kind.title,
        status = kind.status,
        name = kind.name,
        meaning = kind.meaning,
    );
    Ok(Reply::raw("text/html; charset=utf-8", page))
}
