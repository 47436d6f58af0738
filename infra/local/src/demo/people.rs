//! The four users of the demo.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use lyceum::identity::password::{self, NewPassword};
use lyceum::input::Faults;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{PASSWORD, STUDENT};

pub struct People {
    pub instructor: Uuid,
    pub halfway: Uuid,
}

/// Returns the hash of the demo password.
pub async fn hash() -> Result<String> {
    let password: NewPassword = deserr::deserialize::<_, _, Faults>(serde_json::json!(PASSWORD))
        .ok()
        .context("the demo password is not valid")?;
    Ok(password::hash(password).await?)
}

impl People {
    /// Inserts the four users. All have the same password, so they share one hash.
    pub async fn insert(tx: &mut Transaction<'_, Postgres>, now: DateTime<Utc>) -> Result<Self> {
        let hash = hash().await?;
        let mut ids = Vec::new();
        for (email, username, last_name, role) in [
            ("admin@demo.test", "demo-admin", "Admin", "admin"),
            ("instructor@demo.test", "demo-instructor", "Instructor", "instructor"),
            (STUDENT, "demo-student", "Student", "student"),
            ("halfway@demo.test", "demo-halfway", "Halfway", "student"),
        ] {
            let id: Uuid = sqlx::query_scalar(
                "INSERT INTO users (id, email, username, password_hash, first_name, last_name, role_id, is_email_verified, created_at)
                 SELECT $7, $1, $2, $3, 'Demo', $4, id, true, $6 FROM roles WHERE name = $5 RETURNING id",
            )
            .bind(email)
            .bind(username)
            .bind(&hash)
            .bind(last_name)
            .bind(role)
            .bind(now)
            .bind(super::id(now))
            .fetch_one(&mut **tx)
            .await?;
            ids.push(id);
        }
        let [_, instructor, _, halfway] = ids.as_slice() else { anyhow::bail!("the demo must have four users") };
        Ok(Self { instructor: *instructor, halfway: *halfway })
    }
}
