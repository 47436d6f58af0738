//! Calls for registration, sign-in and account recovery.

use serde_json::{Value, json};

use super::{Answer, Caller};

/// The password of [`new_user`].
pub const FIRST_PASSWORD: &str = "a long enough sentence";

/// Returns a request body for `register`.
pub fn new_user(username: &str) -> Value {
    json!({
        "email": format!("{username}@school.test"), "username": username, "password": FIRST_PASSWORD,
        "first_name": "Ada", "last_name": "Löwe",
    })
}

impl Caller {
    /// Registers [`new_user`] without verifying the email.
    pub async fn register(&self, username: &str) {
        self.post("/v1/auth/register", new_user(username)).await.is(202);
    }

    /// Requests a mail to reset the password.
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

    /// Sends a sign-in request.
    pub async fn signs_in_as(&self, identifier: &str, password: &str) -> Answer {
        self.post("/v1/auth/login", json!({ "identifier": identifier, "password": password })).await
    }

    pub async fn refreshes(&self, refresh_token: &str) -> Answer {
        self.post("/v1/auth/refresh", json!({ "refresh_token": refresh_token })).await
    }
}
