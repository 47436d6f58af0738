//! Pages that only the local stack has: the captured mails, where links in mails lead, and an upload.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::mailbox::{Mail, Mailbox};

const SCRIPT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/javascript")];

/// `/_local/…`
pub fn service(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/", get(Redirect::temporary("/_local")))
        .route("/_local", get(Html(include_str!("../pages/index.html"))))
        .route("/_local/verify-email", get(Html(include_str!("../pages/verify-email.html"))))
        .route("/_local/reset-password", get(Html(include_str!("../pages/reset-password.html"))))
        .route("/_local/forgot-password", get(Html(include_str!("../pages/forgot-password.html"))))
        .route("/_local/login", get(Html(include_str!("../pages/login.html"))))
        .route("/_local/upload", get(Html(include_str!("../pages/upload.html"))))
        .route("/_local/page.css", get(([(header::CONTENT_TYPE, "text/css")], include_str!("../pages/page.css"))))
        .route("/_local/page.js", get((SCRIPT, include_str!("../pages/page.js"))))
        .route("/_local/api.js", get((SCRIPT, include_str!("../pages/api.js"))))
        .route("/_local/upload.js", get((SCRIPT, include_str!("../pages/upload.js"))))
        .route("/_local/mail", get(mails))
        .with_state(mailbox)
}

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
        // Nothing in it can run; its links lead the whole page.
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
