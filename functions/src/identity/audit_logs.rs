//! `GET /v1/audit-logs`: who did what, the newest first.

use lyceum::Function;
use lyceum::audit::{self, Entry, Filter};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::identity::Permission;
use lyceum::input::NoFields;
use lyceum::page::Page;

pub const FUNCTION: Function = Function::http("audit-logs", || vec![route()]);

fn route() -> Route {
    get("/v1/audit-logs", Access::Needs(Permission::AuditRead), handler).named("list_audit_logs", "Read the audit log")
}

async fn handler(request: Request<NoFields, Filter>) -> Result<Reply<Page<Entry>>> {
    let page = audit::list(&mut request.read().await?, &request.query).await?;
    Ok(Reply::page(&request, page))
}
