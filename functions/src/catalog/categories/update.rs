//! `PATCH /v1/categories/{category_id}`

use lyceum::audit::audit;
use lyceum::catalog::categories::{self, Category, CategoryChanges};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, patch};
use lyceum::identity::Permission;
use lyceum::problem;

pub(super) fn route() -> Route {
    patch("/v1/categories/{category_id}", Access::Needs(Permission::CategoriesWrite), handler)
        .named("update_category", "Change a category")
        .problems(&[&problem::NAME_TAKEN, &problem::SLUG_TAKEN])
}

async fn handler(request: Request<CategoryChanges>) -> Result<Reply<Category>> {
    let (changes, request) = request.take_body();
    let mut tx = request.write().await?;
    let (category, changed) = categories::update(&mut tx, request.id("category_id")?, changes).await?;
    tx.commit_changes(audit("category.update", category.id), changed).await?;
    Ok(Reply::ok(category))
}
