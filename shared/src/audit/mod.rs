//! What happened: rows of `audit_logs`, written in the transaction that makes the change.

mod log;

pub(crate) use log::of_user;
pub use log::{Entry, Filter, list};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::Result;
use crate::id::{Id, UserId, uuid_at};
use crate::transaction::Read;

/// Fields that follow from others.
const DERIVED: [&str; 4] = ["updated_at", "version", "instructor", "html_content"];
/// Fields that are somebody's own words, or say who they are.
const PERSONAL: [&str; 8] =
    ["notes", "email", "username", "first_name", "last_name", "profile_picture_url", "bio", "file_name"];
/// A text stands whole up to so many characters, and a list up to so many bytes of JSON: the log says what was changed,
/// and is no archive of all versions, which no answer could hold.
const LONGEST_TEXT: usize = 1_000;
const LARGEST_LIST: usize = 10_000;
/// So many characters of what is longer stand there.
const BEGINNING: usize = 200;

/// What one write did.
#[derive(Debug)]
pub struct Audit {
    action: &'static str,
    resource_type: &'static str,
    resource_id: Option<Uuid>,
    changes: Changes,
    actor: Option<UserId>,
}

/// `{"field": {"from": …, "to": …}}`; what is long stands as `{"beginning": …, "characters": …, "sha256": …}`.
#[derive(Debug, Default, Clone)]
pub struct Changes(Map<String, Value>);

/// What was done to what: `audit("course.publish", course.id)`.
#[must_use]
pub fn audit<I: Id>(action: &'static str, resource: I) -> Audit {
    Audit {
        action,
        resource_type: I::RESOURCE,
        resource_id: Some(resource.uuid()),
        changes: Changes::default(),
        actor: None,
    }
}

impl Audit {
    /// What was done to something without an id of its own.
    #[must_use]
    pub fn of(action: &'static str, resource_type: &'static str) -> Self {
        Self { action, resource_type, resource_id: None, changes: Changes::default(), actor: None }
    }

    #[must_use]
    pub fn changed(mut self, changes: Changes) -> Self {
        self.changes = changes;
        self
    }

    pub(crate) fn action(&self) -> &'static str {
        self.action
    }

    pub(crate) fn resource_type(&self) -> &'static str {
        self.resource_type
    }

    /// Who did it, where that shows only in the doing (signing in, verifying a mail).
    #[must_use]
    pub fn by(mut self, user: UserId) -> Self {
        self.actor = Some(user);
        self
    }
}

impl Changes {
    /// The fields in which two states of one thing differ; those that follow from others are left out, and personal
    /// ones stand by name only, so that erasure leaves the log whole.
    ///
    /// # Errors
    /// When a state is no JSON object.
    pub fn between(before: &impl Serialize, after: &impl Serialize) -> Result<Self> {
        let (before, after) = (fields(before)?, fields(after)?);
        let changed = after.into_iter().filter_map(|(field, to)| {
            let from = before.get(&field).cloned().unwrap_or(Value::Null);
            if from == to || DERIVED.contains(&field.as_str()) {
                return None;
            }
            let change = if PERSONAL.contains(&field.as_str()) { json!({}) } else { change(from, to) };
            Some((field, change))
        });
        Ok(Self(changed.collect()))
    }

    /// The named fields of a new object: what it is called, whose it is, and what it allows. Its other fields are not
    /// repeated here: the object has them, and the row of each later change has the values before it.
    ///
    /// # Errors
    /// When the object is not a JSON object.
    pub fn created(after: &impl Serialize, named: &[&str]) -> Result<Self> {
        let mut created = Self::between(&json!({}), after)?;
        created.0.retain(|field, _| named.contains(&field.as_str()));
        Ok(created)
    }

    /// One personal field, by its name alone.
    #[must_use]
    pub fn personal(name: &str) -> Self {
        Self(Map::from_iter([(name.to_owned(), json!({}))]))
    }

    /// One field.
    #[must_use]
    pub fn field(name: &str, from: impl Serialize, to: impl Serialize) -> Self {
        Self::default().and(name, from, to)
    }

    /// And one field more.
    #[must_use]
    pub fn and(mut self, name: &str, from: impl Serialize, to: impl Serialize) -> Self {
        self.0.insert(name.to_owned(), change(json!(from), json!(to)));
        self
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn change(from: Value, to: Value) -> Value {
    json!({ "from": told(from), "to": told(to) })
}

/// The value, or of a long one enough to know it again by.
fn told(value: Value) -> Value {
    let text = match value {
        Value::String(text) if text.chars().count() > LONGEST_TEXT => text,
        Value::Array(_) | Value::Object(_) => match value.to_string() {
            list if list.len() > LARGEST_LIST => list,
            _ => return value,
        },
        short => return short,
    };
    let beginning: String = text.chars().take(BEGINNING).collect();
    let hash = hex::encode(Sha256::digest(&text));
    json!({ "beginning": beginning, "characters": text.chars().count(), "sha256": hash })
}

fn fields(state: &impl Serialize) -> Result<Map<String, Value>> {
    Ok(serde_json::from_value(serde_json::to_value(state)?)?)
}

/// Writes the rows of what one write did to many, by one statement. Returns the kinds of jobs that triggers enqueued in the
/// transaction, as `request_job` (SQL) lists them.
pub(crate) async fn record_each(read: &mut Read, done: &[Audit]) -> Result<Option<String>> {
    let context = read.context().clone();
    let caller = context.caller.user_id();
    let ids: Vec<_> = done.iter().map(|_| uuid_at(context.now)).collect();
    let actors: Vec<_> = done.iter().map(|one| one.actor.or(caller).map(|user| user.0)).collect();
    let actions: Vec<_> = done.iter().map(|one| one.action.to_owned()).collect();
    let types: Vec<_> = done.iter().map(|one| one.resource_type.to_owned()).collect();
    let resources: Vec<_> = done.iter().map(|one| one.resource_id).collect();
    let changes: Vec<_> =
        done.iter().map(|one| (!one.changes.is_empty()).then(|| Value::Object(one.changes.0.clone()))).collect();
    let requested = sqlx::query_scalar!(
        "INSERT INTO audit_logs (id, user_id, action, resource_type, resource_id, changes, ip_address, user_agent, created_at)
         SELECT one.id, one.user_id, one.action, one.resource_type, one.resource_id, one.changes, $7, $8, $9
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::jsonb[])
           AS one (id, user_id, action, resource_type, resource_id, changes)
         RETURNING current_setting('lyceum.jobs', true)",
        &ids,
        &actors as &[Option<Uuid>],
        &actions,
        &types,
        &resources as &[Option<Uuid>],
        &changes as &[Option<Value>],
        context.address,
        context.user_agent,
        context.now,
    )
    .fetch_all(read.connection())
    .await?;
    Ok(requested.into_iter().next().flatten())
}

/// Writes one row. Called by commits, and by the dispatch for refusals. Returns the kinds of jobs that triggers enqueued in
/// the transaction, as `request_job` (SQL) lists them.
pub(crate) async fn record(read: &mut Read, done: &Audit) -> Result<Option<String>> {
    let context = read.context().clone();
    let actor = done.actor.or_else(|| context.caller.user_id());
    let changes = (!done.changes.is_empty()).then(|| Value::Object(done.changes.0.clone()));
    Ok(sqlx::query_scalar!(
        "INSERT INTO audit_logs (id, user_id, action, resource_type, resource_id, changes, ip_address, user_agent, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING current_setting('lyceum.jobs', true)",
        uuid_at(context.now),
        actor.map(|user| user.0),
        done.action,
        done.resource_type,
        done.resource_id,
        changes,
        context.address,
        context.user_agent,
        context.now,
    )
    .fetch_one(read.connection())
    .await?)
}

/// Counts a refused call of the route by this caller, and returns how many there were in this hour.
pub(crate) async fn count_refusal(read: &mut Read, route: &str) -> Result<u32> {
    let context = read.context().clone();
    let caller = context.caller.user_id().map(|user| user.to_string()).or(context.address).unwrap_or_default();
    let refused = sqlx::query_scalar!(
        "INSERT INTO refusals AS r (caller, route, hour) VALUES ($1, $2, date_trunc('hour', $3::timestamptz))
         ON CONFLICT (caller, route, hour) DO UPDATE SET refused = r.refused + 1 RETURNING refused",
        caller,
        route,
        context.now,
    )
    .fetch_one(read.connection())
    .await?;
    Ok(u32::try_from(refused).unwrap_or(u32::MAX))
}

/// Makes the partitions of this month and the two after it, and of each month that has rows in the default partition.
/// Returns their names, also of those that were there.
///
/// # Errors
/// 503 when somebody reads or writes the default partition for too long.
pub async fn make_partitions(read: &mut Read) -> Result<Vec<String>> {
    let today = read.now().date_naive();
    Ok(sqlx::query_scalar!(
        r#"SELECT create_audit_partition(($1::date + month * interval '1 month')::date) AS "name!"
           FROM generate_series(0, 2) AS month
           UNION SELECT empty_default_audit_partition() ORDER BY 1"#,
        today
    )
    .fetch_all(read.connection())
    .await?)
}
