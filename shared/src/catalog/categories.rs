//! Categories, in the order that their editors gave them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::order::Order;
use super::{Slug, WebUrl};
use crate::audit::Changes;
use crate::error::{Error, Result};
use crate::id::CategoryId;
use crate::input::{Change, Clearable, DisplayOrder, Text};
use crate::page::{Page, Paging};
use crate::transaction::{Read, Write};
use crate::{fields, optional_fields};

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
    /// A new category. It comes last unless `display_order` says otherwise; the slug comes from the name unless given.
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

/// A page of the categories in their order.
///
/// # Errors
/// 422 for a foreign cursor.
pub async fn list(read: &mut Read, paging: &Paging) -> Result<Page<Category>> {
    let (order, id) = paging.after()?.map(|Keys(order, id)| (order, id.0)).unzip();
    let rows = select_category!(
        "WHERE $1::int IS NULL OR (c.display_order, c.id) > ($1, $2::uuid)
         ORDER BY c.display_order, c.id LIMIT $3",
        order,
        id,
        paging.limit.and_one(),
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

/// # Errors
/// 409 when the name or the slug is taken.
pub async fn create(write: &mut Write, new: NewCategory) -> Result<Category> {
    let now = write.now();
    let id = CategoryId::new(now);
    let slug = new.slug.unwrap_or_else(|| Slug::from_title(new.name.as_str(), "category"));
    sqlx::query!(
        "INSERT INTO categories (id, name, slug, description, icon_url, display_order, created_at)
         VALUES ($1, $2, $3, $4, $5, coalesce($6, (SELECT coalesce(max(display_order), 0) + 1 FROM categories)), $7)",
        id.0,
        new.name.as_str(),
        slug.as_str(),
        new.description.map(String::from),
        new.icon_url.map(String::from),
        new.display_order.map(i32::from),
        now,
    )
    .execute(write.connection())
    .await?;
    get(write, id).await
}

/// Locks the category for the rest of the write.
async fn lock(write: &mut Write, id: CategoryId) -> Result<Category> {
    select_category!("WHERE c.id = $1 FOR UPDATE OF c", id.0)
        .fetch_optional(write.connection())
        .await?
        .ok_or_else(|| Error::not_found("category"))
}

/// # Errors
/// 404; 409 when the name or the slug is taken.
pub async fn update(write: &mut Write, id: CategoryId, changes: CategoryChanges) -> Result<(Category, Changes)> {
    let before = lock(write, id).await?;
    let mut after = before.clone();
    changes.name.apply(&mut after.name);
    changes.slug.apply(&mut after.slug);
    changes.description.apply(&mut after.description);
    changes.icon_url.apply(&mut after.icon_url);
    changes.display_order.apply(&mut after.display_order);
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

/// # Errors
/// 404; 409 while any course is in it, deleted ones too, which may be restored.
pub async fn delete(write: &mut Write, id: CategoryId) -> Result<()> {
    lock(write, id).await?;
    sqlx::query!("DELETE FROM categories WHERE id = $1", id.0).execute(write.connection()).await?;
    Ok(())
}

/// Puts all categories in this order, and returns the first page of them: as many as fit an answer.
///
/// # Errors
/// 409 unless the list is complete.
pub async fn set_order(write: &mut Write, order: &Order<CategoryId>) -> Result<(Page<Category>, Changes)> {
    let before = sqlx::query_scalar!("SELECT id FROM categories ORDER BY display_order, id FOR UPDATE")
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
