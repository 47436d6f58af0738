//! `GET /openapi.json`, `/docs` and `/problems/{problem}`: the API, for programs and for people.

use std::sync::{Arc, LazyLock};

use http::{HeaderName, header};
use lyceum::error::Result;
use lyceum::http::{Access, Raw, Reply, Request, Route, get, openapi, problem_page};
use lyceum::{Error, Function};
use utoipa_swagger_ui::Config;

pub const FUNCTION: Function = Function::http("openapi", routes).without_database();

fn routes() -> Vec<Route> {
    vec![
        get("/openapi.json", Access::Open, document).named("get_openapi", "Read this document"),
        get("/docs", Access::Open, docs).named("get_docs", "Read and try the API in a browser"),
        get("/docs/{proxy+}", Access::Open, docs_file).named("get_docs_file", "Read a file of the page"),
        get("/problems/{problem}", Access::Open, problem).named("get_problem", "Read what a problem's type means"),
    ]
}

/// Examples of bodies, by the name of their operation.
const EXAMPLES: &str = include_str!("request_examples.json");

/// The document, which changes only with the code.
static DOCUMENT: LazyLock<Option<bytes::Bytes>> = LazyLock::new(|| {
    let groups: Vec<_> = crate::DOMAINS
        .iter()
        .map(|domain| openapi::Group {
            name: domain.name,
            about: domain.about,
            functions: domain.functions.iter().map(|function| (function.name, function.routes())).collect(),
        })
        .collect();
    let examples = serde_json::from_str(EXAMPLES).ok()?;
    Some(openapi::document(&groups, &examples).to_string().into())
});

/// The page may load what it brings along, and nothing else.
const POLICY: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
);

async fn document(_request: Request) -> Result<Reply<Raw>> {
    let document = DOCUMENT.clone().ok_or_else(|| Error::internal("request_examples.json is not JSON"))?;
    Ok(Reply::raw("application/json", document).header(header::CACHE_CONTROL, "public, max-age=60"))
}

async fn docs(_request: Request) -> Result<Reply<Raw>> {
    let (_, page) = file("index.html")?;
    // Its files stand beside it under /docs/, whether or not the address ends with a slash.
    let page = String::from_utf8_lossy(&page).replacen("<head>", "<head><base href=\"/docs/\">", 1);
    Ok(Reply::raw("text/html; charset=utf-8", page).header(POLICY.0, POLICY.1))
}

async fn docs_file(request: Request) -> Result<Reply<Raw>> {
    let (content_type, bytes) = file(request.path("proxy"))?;
    Ok(Reply::raw(&content_type, bytes).header(header::CACHE_CONTROL, "public, max-age=86400"))
}

fn file(path: &str) -> Result<(String, Vec<u8>)> {
    static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| Arc::new(Config::from("/openapi.json")));
    let found = utoipa_swagger_ui::serve(path, CONFIG.clone()).map_err(|error| Error::internal(error.to_string()))?;
    let file = found.ok_or_else(|| Error::not_found("page"))?;
    Ok((file.content_type, file.bytes.into_owned()))
}

async fn problem(request: Request) -> Result<Reply<Raw>> {
    problem_page(request.path("problem"))
}
