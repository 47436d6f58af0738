//! The host names that the stack accepts.
//!
//! Without this check, a foreign website whose name resolves to this machine (DNS rebinding) would have the same
//! origin as the stack, and could read its mails.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, X_CONTENT_TYPE_OPTIONS};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The names of this machine itself, in the form of a URL's host.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The accepted host names. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hosts(Arc<[String]>);

impl Hosts {
    /// Accepts these names (`--host`) in addition to those of this machine itself.
    #[must_use]
    pub fn new(named: &[String]) -> Self {
        Self(named.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether an authority such as `localhost:9000` names an accepted host, with any port or none.
    fn allow(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else { return false };
        let host = authority.host().to_ascii_lowercase();
        let is_known = LOOPBACK.contains(&host.as_str()) || self.0.contains(&host);
        is_known && !authority.as_str().contains('@')
    }

    /// Whether pages of this origin may call the stack.
    pub fn allow_origin(&self, origin: &HeaderValue) -> bool {
        let authority = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        authority.is_some_and(|authority| self.allow(authority))
    }

    fn allow_request(&self, request: &Request) -> bool {
        let mut headers = request.headers().get_all(HOST).iter();
        let of_target = request.uri().authority().map(Authority::as_str); // `GET http://host/path`, or HTTP/2
        let of_header = headers.next().map(|host| host.to_str().unwrap_or_default());
        let mut named = of_target.into_iter().chain(of_header).peekable();
        named.peek().is_some() && headers.next().is_none() && named.all(|name| self.allow(name))
    }
}

/// Refuses requests for other hosts with 421 (RFC 9110, section 15.5.20).
pub async fn check(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if hosts.allow_request(&request) {
        return next.run(request).await;
    }
    let sentence =
        "This Lyceum accepts only requests to localhost. To use another host name, start it with --host NAME.\n";
    (StatusCode::MISDIRECTED_REQUEST, [(X_CONTENT_TYPE_OPTIONS, "nosniff")], sentence).into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn status(named: &[&str], target: &str, hosts: &[&str]) -> u16 {
        let hosts_allowed = Hosts::new(&named.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        let service = Router::new().fallback(get("here"));
        let service = service.layer(axum::middleware::from_fn_with_state(hosts_allowed, check));
        let request = hosts.iter().fold(Request::get(target), |request, host| request.header(HOST, *host));
        service.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn names_of_this_machine_are_accepted() {
        for host in ["localhost", "localhost:9000", "LOCALHOST:1", "127.0.0.1:9000", "[::1]", "[::1]:9000"] {
            assert_eq!(status(&[], "/_local/mail", &[host]).await, 200, "{host}");
        }
    }

    #[tokio::test]
    async fn other_names_are_refused() {
        for host in [
            "evil.test",
            "evil.test:9000",
            "localhost.evil.test",
            "evil.localhost",
            "127.0.0.1.evil.test",
            "169.254.169.254",
            "localhost@evil.test",
            "evil@localhost",
            "localhost evil.test",
            "localhost,evil.test",
            "[::2]",
            "0.0.0.0",
            "",
        ] {
            assert_eq!(status(&[], "/_local/mail", &[host]).await, 421, "{host}");
        }
        assert_eq!(status(&[], "/", &[]).await, 421, "no host at all");
        assert_eq!(status(&[], "/", &["localhost", "evil.test"]).await, 421, "two hosts");
        assert_eq!(status(&[], "http://evil.test/", &["localhost"]).await, 421, "another host in the request target");
        assert_eq!(status(&[], "http://localhost/", &["evil.test"]).await, 421, "another host in the header");
    }

    #[tokio::test]
    async fn the_host_option_accepts_another_name() {
        assert_eq!(status(&["My-Laptop.home"], "/", &["my-laptop.home:9000"]).await, 200);
        assert_eq!(status(&["My-Laptop.home"], "/", &["other.home:9000"]).await, 421);
    }

    #[test]
    fn only_pages_of_allowed_hosts_may_call() {
        let hosts = Hosts::new(&["laptop.home".to_owned()]);
        let allowed = |origin| hosts.allow_origin(&HeaderValue::from_static(origin));
        for origin in ["http://localhost", "http://localhost:5173", "http://127.0.0.1:9000", "http://laptop.home:5173"]
        {
            assert!(allowed(origin), "{origin}");
        }
        for origin in ["http://localhost.example.org", "http://127.0.0.1.example.org:80", "https://example.org", "null"]
        {
            assert!(!allowed(origin), "{origin}");
        }
    }
}
