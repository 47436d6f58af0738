//! `DELETE /v1/categories/{category_id}`

use lyceum::audit::audit;
use lyceum::catalog::categories;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::id::CategoryId;
use lyceum::identity::Permission;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/categories/{category_id}", Access::Needs(Permission::CategoriesWrite), handler)
        .named("delete_category", "Delete a category that has no courses")
        .problems(&[&problem::CATEGORY_IN_USE])
}

async fn handler(request: Request) -> Result<Reply> {
    let id: CategoryId = request.id("category_id")?;
    let mut tx = request.write().await?;
    categories::delete(&mut tx, id).await?;
    tx.commit(audit("category.delete", id)).await?;
    Ok(Reply::no_content())
}
