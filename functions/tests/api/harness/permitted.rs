//! Callers with given permissions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use super::{Caller, Lyceum};

impl Lyceum {
    /// Creates a user with exactly these permissions, through a new role.
    pub async fn permitted(self: &Arc<Self>, admin: &Caller, permissions: &[&str]) -> Caller {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("Role {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let somebody = self.student().await;
        admin.post("/v1/roles", json!({ "name": name, "permissions": permissions })).await.created();
        admin.put(&format!("/v1/users/{}/role", somebody.id), json!({ "role": name })).await.ok();
        somebody
    }
}
