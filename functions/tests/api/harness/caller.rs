//! Callers as values: anonymous, a student, an instructor, an administrator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lyceum::identity::password::{self, NewPassword};
use lyceum::input::Faults;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Answer, Lyceum, event};

pub const PASSWORD: &str = "correct horse battery";

/// A user who sends requests, with or without a token.
#[derive(Clone)]
pub struct Caller {
    pub id: String,
    pub email: String,
    pub username: String,
    token: Option<String>,
    pub address: String,
    headers: Vec<(String, String)>,
    pub lyceum: Arc<Lyceum>,
}

impl Lyceum {
    /// Returns a caller without a token. Each has its own address, because rate limits count per address.
    pub fn anonymous(self: &Arc<Self>) -> Caller {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let address = std::net::Ipv4Addr::from_bits((10 << 24) + NEXT.fetch_add(1, Ordering::Relaxed));
        let nobody = String::new();
        Caller {
            id: nobody.clone(),
            email: nobody.clone(),
            username: nobody,
            token: None,
            address: address.to_string(),
            headers: vec![("user-agent".to_owned(), "test/1".to_owned())],
            lyceum: self.clone(),
        }
    }

    pub async fn student(self: &Arc<Self>) -> Caller {
        self.signed_in("student").await
    }

    pub async fn instructor(self: &Arc<Self>) -> Caller {
        self.signed_in("instructor").await
    }

    pub async fn admin(self: &Arc<Self>) -> Caller {
        self.signed_in("admin").await
    }

    /// Creates a verified user with this role and signs in. The password is [`PASSWORD`].
    pub async fn signed_in(self: &Arc<Self>, role: &str) -> Caller {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        static HASH: OnceCell<String> = OnceCell::const_new();
        let hash = HASH.get_or_init(|| async {
            let password = deserr::deserialize::<NewPassword, _, Faults>(json!(PASSWORD)).unwrap();
            password::hash(password).await.unwrap()
        });
        let username = format!("{role}{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let email = format!("{username}@school.test");
        let id: uuid::Uuid = sqlx::query_scalar(
            "INSERT INTO users (email, username, password_hash, first_name, last_name, role_id, is_email_verified)
             SELECT $1, $2, $3, 'Test', initcap($4), id, true FROM roles WHERE name = $4 RETURNING id",
        )
        .bind(&email)
        .bind(&username)
        .bind(hash.await)
        .bind(role)
        .fetch_one(&self.database)
        .await
        .unwrap();
        let caller = Caller { id: id.to_string(), email, username, ..self.anonymous() };
        let tokens = caller.sign_in(PASSWORD).await.ok();
        caller.with_token(tokens["access_token"].as_str().unwrap())
    }
}

impl Lyceum {
    /// Signs in as a user that the seed created.
    pub async fn known(self: &Arc<Self>, username: &str) -> Caller {
        let caller = Caller { email: username.to_owned(), username: username.to_owned(), ..self.anonymous() };
        let tokens = caller.sign_in(lyceum_local::demo::PASSWORD).await.ok();
        let id = tokens["user"]["id"].as_str().unwrap().to_owned();
        Caller { id, ..caller.with_token(tokens["access_token"].as_str().unwrap()) }
    }
}

impl Caller {
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string());
        self.send_raw(method, path, "application/json", body.as_deref().map(str::as_bytes)).await
    }

    /// Repeats the request while the response is 503; such a request changed nothing.
    pub async fn insist(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        loop {
            let answer = self.send(method, path, body.clone()).await;
            if answer.status != 503 {
                return answer;
            }
        }
    }

    /// Sends any bytes with any media type.
    pub async fn send_raw(&self, method: &str, path: &str, content_type: &str, body: Option<&[u8]>) -> Answer {
        let mut headers = self.headers.clone();
        if body.is_some() {
            headers.push(("content-type".to_owned(), content_type.to_owned()));
        }
        if let Some(token) = &self.token {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let time = self.lyceum.clock.now();
        self.lyceum.send(event::http(time, method, path, &headers, body, &self.address)).await
    }

    pub async fn sign_in(&self, password: &str) -> Answer {
        let identifier = &self.email;
        self.post("/v1/auth/login", json!({ "identifier": identifier, "password": password })).await
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Signs in again and returns the user with the new session.
    pub async fn again(&self) -> Self {
        let tokens = self.sign_in(PASSWORD).await.ok();
        self.with_token(tokens["access_token"].as_str().unwrap())
    }

    /// Returns the user as a caller of another Lyceum over a copy of the database, with a new address.
    pub fn calling(&self, lyceum: &Arc<Lyceum>) -> Self {
        Self { lyceum: lyceum.clone(), address: lyceum.anonymous().address, ..self.clone() }
    }

    /// Returns the user with another client address.
    pub fn at(&self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self.clone() }
    }

    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }
}
