//! Somebody who registers.

use serde_json::{Value, json};

use super::{Answer, Caller};

/// What [`new_user`] chooses.
pub const FIRST_PASSWORD: &str = "a long enough sentence";

/// A body for `register`.
pub fn new_user(username: &str) -> Value {
    json!({
        "email": format!("{username}@school.test"), "username": username, "password": FIRST_PASSWORD,
        "first_name": "Ada", "last_name": "Löwe",
    })
}

impl Caller {
    /// Registers [`new_user`], which is not verified then.
    pub async fn register(&self, username: &str) {
        self.post("/v1/auth/register", new_user(username)).await.is(202);
    }

    /// Asks for a mail to choose a new password.
    pub async fn forgets_password(&self, email: &str) {
        let answer = self.post("/v1/auth/forgot-password", json!({ "email": email })).await.is(202);
        assert_eq!(answer.text, "");
    }

    pub async fn resets_password(&self, token: &str, password: &str) -> Answer {
        self.post("/v1/auth/reset-password", json!({ "token": token, "password": password })).await
    }

    pub async fn verifies(&self, token: &str) -> Answer {
        self.post("/v1/auth/verify-email", json!({ "token": token })).await
    }

    /// Signs in as whoever that is.
    pub async fn signs_in_as(&self, identifier: &str, password: &str) -> Answer {
        self.post("/v1/auth/login", json!({ "identifier": identifier, "password": password })).await
    }

    pub async fn refreshes(&self, refresh_token: &str) -> Answer {
        self.post("/v1/auth/refresh", json!({ "refresh_token": refresh_token })).await
    }
}
