//! `migrate`, by each deployment, before new code is called (a custom resource of `CloudFormation`): makes the
//! application's role, and brings the schema up to what the code expects. A failure leaves the last whole schema, and
//! rolls the deployment back onto the code before. By hand, without an address to answer to, the report is the answer.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::BoxFuture;
use lyceum::app::App;
use lyceum::db::{self, Deployed};
use lyceum::error::Result;
use lyceum::function::{CustomResource, Trigger};
use lyceum::{Error, Function};
use serde_json::Value;

use super::custom_resource::{Request, RequestType};

/// Needs nothing that could keep it from starting: a deployment waits an hour for an answer that never comes.
pub const FUNCTION: Function = Function::event("migrate", handler)
    .owns_database()
    .started_by(&[Trigger::Deployment(CustomResource::Schema)])
    .timeout(900);

/// Under the 15 minutes that a function may take, so that a deployment hears of a migration that takes longer.
const PATIENCE: Duration = Duration::from_mins(14);

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let request = Request::read(event)?;
        let outcome = match request.kind {
            // Nothing is taken away: the database may outlive the stack.
            RequestType::Delete => Ok(None),
            RequestType::Create | RequestType::Update => deploy(&app, idle_session_timeout(&request)?).await.map(Some),
        };
        match &outcome {
            Ok(deployed) => tracing::info!(?deployed, "migrated"),
            Err(error) => tracing::error!(%error, "not migrated"),
        }
        request.conclude("schema", outcome).await
    })
}

/// After how long a connection of the application that does nothing is ended: in seconds; as text, as `CloudFormation`
/// hands numbers on. None, or 0, lets connections be.
fn idle_session_timeout(request: &Request) -> Result<Option<Duration>> {
    let Some(given) = request.property("IdleSessionTimeout") else { return Ok(None) };
    let seconds = given.as_u64().or_else(|| given.as_str()?.parse().ok());
    let seconds = seconds.ok_or_else(|| Error::internal("IdleSessionTimeout is no number of seconds"))?;
    Ok(Some(Duration::from_secs(seconds)))
}

async fn deploy(app: &App, idle: Option<Duration>) -> Result<Deployed> {
    let late = |_| Error::internal(format!("it took longer than {} minutes", PATIENCE.as_secs() / 60));
    tokio::time::timeout(PATIENCE, db::deploy(&app.settings, idle)).await.map_err(late)?
}
