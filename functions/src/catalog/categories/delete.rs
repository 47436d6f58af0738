//! `DELETE /v1/categories/{category_id}`: deletes a category without courses; deleted ones can move to another category.

use lyceum::audit::audit;
use lyceum::catalog::categories::{self, Deletion};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete};
use lyceum::id::CategoryId;
use lyceum::identity::Permission;
use lyceum::input::NoFields;
use lyceum::problem;

pub(super) fn route() -> Route {
    delete("/v1/categories/{category_id}", Access::Needs(Permission::CategoriesWrite), handler)
        .named("delete_category", "Delete a category that has no courses")
        .problems(&[&problem::CATEGORY_IN_USE])
}

async fn handler(request: Request<NoFields, Deletion>) -> Result<Reply> {
    let id: CategoryId = request.id("category_id")?;
    let mut tx = request.write().await?;
    let changes = categories::delete(&mut tx, id, &request.query).await?;
    tx.commit(audit("category.delete", id).changed(changes)).await?;
    Ok(Reply::no_content())
}
