//! `migrate`, by each deployment, before new code is called (a custom resource of `CloudFormation`): makes the
//! application's role, and brings the schema up to what the code expects. A failure leaves the last whole schema, and
//! rolls the deployment back onto the code before. By hand, without an address to answer to, the report is the answer.

mod custom_resource;

use std::sync::Arc;
use std::time::Duration;

use lambda_http::BoxFuture;
use lyceum::app::{App, Needs};
use lyceum::db::{self, Deployed};
use lyceum::error::Result;
use lyceum::{Error, Function, Trigger};
use serde_json::Value;

use custom_resource::RequestType;

/// Needs nothing that could keep it from starting: a deployment waits an hour for an answer that never comes.
pub const FUNCTION: Function = Function { name: "migrate", needs: Needs::nothing(), trigger: Trigger::Event(handler) };

/// Under the 15 minutes that a function may take, so that a deployment hears of a migration that takes longer.
const PATIENCE: Duration = Duration::from_mins(14);

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let request = custom_resource::Request::read(event)?;
        let outcome = match request.kind {
            // Nothing is taken away: the database may outlive the stack.
            RequestType::Delete => Ok(None),
            RequestType::Create | RequestType::Update => deploy(&app, request.idle_session_timeout()?).await.map(Some),
        };
        match &outcome {
            Ok(deployed) => tracing::info!(?deployed, "migrated"),
            Err(error) => tracing::error!(%error, "not migrated"),
        }
        let Some(address) = &request.response_url else { return Ok(serde_json::to_value(outcome?)?) };
        custom_resource::answer(address, &request.answer(&outcome)).await?;
        Ok(Value::Null)
    })
}

async fn deploy(app: &App, idle: Option<Duration>) -> Result<Deployed> {
    let late = |_| Error::internal(format!("it took longer than {} minutes", PATIENCE.as_secs() / 60));
    tokio::time::timeout(PATIENCE, db::deploy(&app.settings, idle)).await.map_err(late)?
}
