//! Categories, in the order that their editors gave them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::order::{Order, place};
use super::{Slug, WebUrl, prerequisites};
use crate::audit::Changes;
use crate::error::{Error, Fault, Result};
use crate::id::CategoryId;
use crate::input::{Change, Clearable, DisplayOrder, Text};
use crate::page::{Page, Paging};
use crate::transaction::{Read, Write};
use crate::{fields, optional_fields, problem};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Category {
    pub id: CategoryId,
    pub name: String,
    pub slug: String,
    pub description: Option<String>,
    pub icon_url: Option<String>,
    pub display_order: i32,
    /// How many published courses the public list shows in it.
    pub course_count: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fields! {
    /// A new category. It comes last unless `display_order` names a place; the categories there make room. The slug comes
    /// from the name unless given.
    pub struct NewCategory {
        name: Text<1, 255>,
    }
    optional {
        slug: Slug,
        description: Text<0, 10000>,
        icon_url: WebUrl<255>,
        display_order: DisplayOrder,
    }
}

optional_fields! {
    pub struct CategoryChanges {
        name: Change<Text<1, 255>>,
        slug: Change<Slug>,
        description: Clearable<Text<0, 10000>>,
        icon_url: Clearable<WebUrl<255>>,
        display_order: Change<DisplayOrder>,
    }
}

macro_rules! select_category {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Category,
            r#"SELECT c.id AS "id: CategoryId", c.name, c.slug, c.description, c.icon_url, c.display_order,
                 coalesce(n.course_count, 0) AS "course_count!", c.created_at, c.updated_at
               FROM categories c LEFT JOIN category_counts n ON n.category_id = c.id "# + $tail
            $(, $argument)*
        )
    };
}

#[derive(Serialize, Deserialize)]
struct Keys(i32, CategoryId);

impl Default for Keys {
    fn default() -> Self {
        Self(i32::MIN, CategoryId(Uuid::nil()))
    }
}

/// Returns a page of the categories in their order.
///
/// # Errors
/// 422 for a cursor of another list.
pub async fn list(read: &mut Read, paging: &Paging) -> Result<Page<Category>> {
    let Keys(order, id) = paging.after()?;
    let rows = select_category!(
        "WHERE (c.display_order, c.id) > ($1, $2) ORDER BY c.display_order, c.id LIMIT $3",
        order,
        id.0,
        paging.limit.plus_one(),
    )
    .fetch_all(read.connection())
    .await?;
    Page::new(rows, paging.limit, |category| Keys(category.display_order, category.id))
}

/// # Errors
/// 404.
pub async fn get(read: &mut Read, id: CategoryId) -> Result<Category> {
    select_category!("WHERE c.id = $1", id.0)
        .fetch_optional(read.connection())
        .await?
        .ok_or_else(|| Error::not_found("category"))
}

/// Adds a category: last, or at the given place.
///
/// # Errors
/// 409 when the name or the slug is taken.
pub async fn create(write: &mut Write, new: NewCategory) -> Result<Category> {
    let now = write.now();
    let id = CategoryId::new(now);
    let slug = new.slug.unwrap_or_else(|| Slug::from_title(new.name.as_str(), "category"));
    lock_list(write).await?;
    let display_order = match new.display_order {
        Some(wanted) => make_room(write, id, i32::from(wanted), None).await?,
        None => siblings(write, id).await?.last().map_or(1, |(_, last)| last + 1),
    };
    sqlx::query!(
        "INSERT INTO categories (id, name, slug, description, icon_url, display_order, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id.0,
        new.name.as_str(),
        slug.as_str(),
        new.description.map(String::from),
        new.icon_url.map(String::from),
        display_order,
        now,
    )
    .execute(write.connection())
    .await?;
    get(write, id).await
}

/// Locks the category for the rest of the write.
async fn lock(write: &mut Write, id: CategoryId) -> Result<Category> {
    select_category!("WHERE c.id = $1 FOR NO KEY UPDATE OF c", id.0)
        .fetch_optional(write.connection())
        .await?
        .ok_or_else(|| Error::not_found("category"))
}

/// Changes the category.
///
/// # Errors
/// 404; 409 when the name or the slug is taken.
pub async fn update(write: &mut Write, id: CategoryId, changes: CategoryChanges) -> Result<(Category, Changes)> {
    lock_list(write).await?;
    let before = lock(write, id).await?;
    let mut after = before.clone();
    changes.name.apply(&mut after.name);
    changes.slug.apply(&mut after.slug);
    changes.description.apply(&mut after.description);
    changes.icon_url.apply(&mut after.icon_url);
    changes.display_order.apply(&mut after.display_order);
    if after.display_order != before.display_order {
        after.display_order = make_room(write, id, after.display_order, Some(before.display_order)).await?;
    }
    let changed = Changes::between(&before, &after)?;
    if changed.is_empty() {
        return Ok((before, changed));
    }
    sqlx::query!(
        "UPDATE categories SET name = $2, slug = $3, description = $4, icon_url = $5, display_order = $6 WHERE id = $1",
        id.0,
        after.name,
        after.slug,
        after.description,
        after.icon_url,
        after.display_order,
    )
    .execute(write.connection())
    .await?;
    Ok((get(write, id).await?, changed))
}

/// The key of the lock on the list of all categories: a number that no other advisory lock uses.
const LIST: i64 = 0x6361_7465;

/// Locks the list of categories for the rest of the write. Every write that changes categories does it before it locks any, so that
/// no two of them wait for each other (`docs/locks.md`).
async fn lock_list(write: &mut Write) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", LIST).execute(write.connection()).await?;
    Ok(())
}

/// The other categories, in their order.
async fn siblings(write: &mut Write, id: CategoryId) -> Result<Vec<(Uuid, i32)>> {
    let rows = sqlx::query!("SELECT id, display_order FROM categories WHERE id <> $1 ORDER BY display_order, id", id.0)
        .fetch_all(write.connection())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.display_order)).collect())
}

/// Moves the other categories, whose list is locked, so that this one can stand at `wanted`. Returns its number.
async fn make_room(write: &mut Write, id: CategoryId, wanted: i32, before: Option<i32>) -> Result<i32> {
    let placement = place(&siblings(write, id).await?, wanted, before);
    let (ids, numbers) = placement.shifted();
    sqlx::query!(
        "UPDATE categories c SET display_order = o.number FROM unnest($1::uuid[], $2::int[]) AS o (id, number)
         WHERE c.id = o.id",
        ids,
        numbers,
    )
    .execute(write.connection())
    .await?;
    Ok(placement.display_order)
}

optional_fields! {
    pub struct Deletion {
        /// The category that deleted courses of this one move to. They need one, since they can be restored.
        deleted_courses_to: Option<CategoryId>,
    }
}

/// Deletes the category. Deleted courses in it move to another one, if the caller names one.
///
/// # Errors
/// 404; 409 that counts the courses which are still in it; 422 when the other category doesn't exist.
pub async fn delete(write: &mut Write, id: CategoryId, deletion: &Deletion) -> Result<Changes> {
    if deletion.deleted_courses_to.is_some() {
        prerequisites::lock(write).await?; // since several courses are locked
    }
    lock_list(write).await?;
    lock(write, id).await?;
    let mut changes = Changes::default();
    if let Some(target) = deletion.deleted_courses_to {
        let moved = move_deleted_courses(write, id, target).await?;
        changes = Changes::field("deleted_courses_to", None::<CategoryId>, target).and("moved_courses", 0, moved);
    }
    refuse_used(write, id).await?;
    sqlx::query!("DELETE FROM categories WHERE id = $1", id.0).execute(write.connection()).await?;
    Ok(changes)
}

async fn move_deleted_courses(write: &mut Write, from: CategoryId, to: CategoryId) -> Result<u64> {
    let exists =
        sqlx::query_scalar!("SELECT id FROM categories WHERE id = $1 AND id <> $2 FOR KEY SHARE", to.0, from.0)
            .fetch_optional(write.connection())
            .await?;
    if exists.is_none() {
        let fault = Fault::in_query("deleted_courses_to", "unknown_category", "There is no other category of this id.");
        return Err(Error::invalid(fault));
    }
    let moved = sqlx::query!(
        "UPDATE courses SET category_id = $2 WHERE category_id = $1 AND deleted_at IS NOT NULL",
        from.0,
        to.0
    )
    .execute(write.connection())
    .await?;
    Ok(moved.rows_affected())
}

/// Fails with 409 when courses are in the category. The foreign key refuses a course that comes in meanwhile.
async fn refuse_used(write: &mut Write, id: CategoryId) -> Result<()> {
    let counts = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS "courses!",
             count(*) FILTER (WHERE deleted_at IS NOT NULL) AS "deleted!"
           FROM courses WHERE category_id = $1"#,
        id.0,
    )
    .fetch_one(write.connection())
    .await?;
    let detail = match (counts.courses, counts.deleted) {
        (0, 0) => return Ok(()),
        (0, _) => {
            "Only deleted courses are in this category, and they need one to be restored. Name the category that they \
             move to in deleted_courses_to."
        }
        _ => "Courses are in this category; drafts and private ones count, too. Move them to another category first.",
    };
    Err(Error::problem(&problem::CATEGORY_IN_USE, detail)
        .with("course_count", counts.courses)
        .with("deleted_course_count", counts.deleted))
}

/// Puts all categories in this order, and returns the first page of them: as many as fit an answer.
///
/// # Errors
/// 409 unless the list is complete.
pub async fn set_order(write: &mut Write, order: &Order<CategoryId>) -> Result<(Page<Category>, Changes)> {
    lock_list(write).await?;
    let before = sqlx::query_scalar!("SELECT id FROM categories ORDER BY display_order, id FOR NO KEY UPDATE")
        .fetch_all(write.connection())
        .await?;
    let after = order.complete(&before)?;
    let mut changes = Changes::default();
    if after != before {
        sqlx::query!(
            "UPDATE categories c SET display_order = o.position
             FROM unnest($1::uuid[]) WITH ORDINALITY AS o (id, position)
             WHERE c.id = o.id AND c.display_order <> o.position",
            &after,
        )
        .execute(write.connection())
        .await?;
        changes = Changes::field("order", &before, &after);
    }
    let categories = select_category!("ORDER BY c.display_order, c.id").fetch_all(write.connection()).await?;
    let page = Page::first(categories, |category| Keys(category.display_order, category.id))?;
    Ok((page, changes))
}
