//! `PUT /v1/categories/order`: the complete list of ids, in the new order.

use lyceum::audit::Audit;
use lyceum::catalog::categories::{self, Category};
use lyceum::catalog::order::Order;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, put};
use lyceum::id::CategoryId;
use lyceum::identity::Permission;
use lyceum::page::Page;
use lyceum::problem;

pub(super) fn route() -> Route {
    put("/v1/categories/order", Access::Needs(Permission::CategoriesWrite), handler)
        .named("order_categories", "Put all categories in order")
        .problems(&[&problem::INCOMPLETE_ORDER])
}

async fn handler(request: Request<Order<CategoryId>>) -> Result<Reply<Page<Category>>> {
    let mut tx = request.write().await?;
    let (categories, changed) = categories::set_order(&mut tx, &request.body).await?;
    tx.commit_changes(Audit::of("category.order", "category"), changed).await?;
    Ok(Reply::ok(categories))
}
