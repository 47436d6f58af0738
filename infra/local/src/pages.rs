//! Pages of the local stack only: the start page, the captured mails, the targets of links in mails, an upload form,
//! and `/docs` with a form to sign in.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::demo;
use crate::gateway::{Gateway, http_answer};
use crate::mailbox::{Mail, Mailbox};
use crate::welcome::first_calls;

const SCRIPT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/javascript")];

/// Serves `/_local/…`, the start page and `/docs`.
pub fn service(mailbox: Mailbox, gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/", get(Html(include_str!("../pages/index.html"))))
        .route("/docs", get(docs).with_state(gateway))
        .route("/_local", get(Redirect::permanent("/")))
        .route("/_local/verify-email", get(Html(include_str!("../pages/verify-email.html"))))
        .route("/_local/reset-password", get(Html(include_str!("../pages/reset-password.html"))))
        .route("/_local/forgot-password", get(Html(include_str!("../pages/forgot-password.html"))))
        .route("/_local/login", get(Html(include_str!("../pages/login.html"))))
        .route("/_local/upload", get(Html(include_str!("../pages/upload.html"))))
        .route("/_local/page.css", get(([(header::CONTENT_TYPE, "text/css")], include_str!("../pages/page.css"))))
        .route("/_local/start.css", get(([(header::CONTENT_TYPE, "text/css")], include_str!("../pages/start.css"))))
        .route("/_local/page.js", get((SCRIPT, include_str!("../pages/page.js"))))
        .route("/_local/api.js", get((SCRIPT, include_str!("../pages/api.js"))))
        .route("/_local/upload.js", get((SCRIPT, include_str!("../pages/upload.js"))))
        .route("/_local/start.js", get((SCRIPT, include_str!("../pages/start.js"))))
        .route("/_local/docs.js", get((SCRIPT, include_str!("../pages/docs.js"))))
        .route("/_local/accounts.json", get(Json(accounts())))
        .route("/_local/mail", get(mails).with_state(mailbox))
}

/// Returns the demo accounts and the first calls, for the pages that show them. There are no accounts in production.
fn accounts() -> serde_json::Value {
    let known: &[_] = if demo::is_refused() { &[] } else { &demo::ACCOUNTS };
    let accounts: Vec<_> = known.iter().map(|(email, who)| serde_json::json!({ "email": email, "who": who })).collect();
    serde_json::json!({ "accounts": accounts, "password": demo::PASSWORD, "first_calls": first_calls("{url}") })
}

/// Serves the API's documentation page with a script that signs in.
async fn docs(State(gateway): State<Arc<Gateway>>) -> Response {
    let answer = gateway.call("GET", "/docs", &[], None, "127.0.0.1").await.and_then(|mut answer| {
        let page = answer["body"].as_str().unwrap_or_default();
        answer["body"] = page.replacen("</body>", DOCS_SCRIPT, 1).into();
        http_answer(&answer)
    });
    answer.unwrap_or_else(|error| {
        tracing::error!(%error, "/docs failed");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

const DOCS_SCRIPT: &str = "<script type=\"module\" src=\"/_local/docs.js\"></script></body>";

async fn mails(State(mailbox): State<Mailbox>, headers: HeaderMap) -> Response {
    let mails = mailbox.newest_first();
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accepted.contains("application/json") {
        return Json(mails).into_response();
    }
    let list: String = mails.iter().map(mail_html).collect();
    let list = if list.is_empty() { "<p>No mail yet.</p>".to_owned() } else { list };
    Html(include_str!("../pages/mail.html").replace("{{mails}}", &list)).into_response()
}

fn mail_html(mail: &Mail) -> String {
    let text = format!("<pre>{}</pre>", escaped(&mail.text));
    let body = if mail.html.is_empty() {
        text
    } else {
        // The sandbox runs no scripts. Links open in the whole window.
        let html = mail.html.replacen("<html", "<base target=\"_top\"><html", 1);
        format!(
            "<iframe sandbox=\"allow-top-navigation-by-user-activation\" srcdoc=\"{}\"></iframe>\
             <details><summary>Text</summary>{text}</details>",
            escaped(&html),
        )
    };
    let [subject, to, sent_at] = [&mail.subject, &mail.to, &mail.sent_at].map(|field| escaped(field));
    format!("<article><h2>{subject}</h2><p>To {to} · {sent_at}</p>{body}</article>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
