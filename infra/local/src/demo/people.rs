//! The four people of the demo.

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

/// Of the demo password.
pub async fn hash() -> Result<String> {
    let password: NewPassword = deserr::deserialize::<_, _, Faults>(serde_json::json!(PASSWORD))
        .ok()
        .context("the demo password is no good")?;
    Ok(password::hash(password).await?)
}

impl People {
    /// All have one password, so one hash will do.
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
        let [_, instructor, _, halfway] = ids.as_slice() else { anyhow::bail!("four people make the demo") };
        Ok(Self { instructor: *instructor, halfway: *halfway })
    }
}
