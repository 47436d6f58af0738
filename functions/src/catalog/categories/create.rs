//! `POST /v1/categories`

use lyceum::audit::{Changes, audit};
use lyceum::catalog::categories::{self, Category, NewCategory};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::identity::Permission;
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/categories", Access::Needs(Permission::CategoriesWrite), handler)
        .named("create_category", "Create a category")
        .problems(&[&problem::NAME_TAKEN, &problem::SLUG_TAKEN])
}

async fn handler(request: Request<NewCategory>) -> Result<Reply<Category>> {
    let (new, request) = request.take_body();
    let mut tx = request.write().await?;
    let category = categories::create(&mut tx, new).await?;
    tx.commit(audit("category.create", category.id).changed(Changes::created(&category, &["name", "slug"])?)).await?;
    Ok(Reply::created(&format!("/v1/categories/{}", category.id), category))
}
