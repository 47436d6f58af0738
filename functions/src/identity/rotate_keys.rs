//! `rotate-keys`: a new key signs from now on; the old one verifies until its last token has expired. By the first
//! deployment, by a schedule, and by hand: the event `{"compromised": true}` refuses all tokens of the old key at once.

use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::Function;
use lyceum::app::App;
use lyceum::audit::{Audit, Changes};
use lyceum::error::Result;
use lyceum::function::{CustomResource, Grant, Schedule, Trigger};
use lyceum::identity::keys::{self, SigningKey};
use serde_json::{Value, json};

use crate::operating::custom_resource::{Request, RequestType};

pub const FUNCTION: Function = Function::event("rotate-keys", handler)
    .started_by(&[Trigger::Deployment(CustomResource::FirstKey), Trigger::Schedule(Schedule::Days(30))])
    .may(&[Grant::ReplaceSigningKey]);

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let compromised = event["compromised"] == true;
        let request = Request::read(event)?;
        let outcome = match request.kind {
            RequestType::Create => rotate(&app, compromised).await,
            // Later deployments leave the key to the schedule, and the last one to whoever keeps the secret.
            RequestType::Update | RequestType::Delete => Ok(Value::Null),
        };
        request.conclude("signing-key", outcome).await
    })
}

async fn rotate(app: &App, compromised: bool) -> Result<Value> {
    let pem = keys::generate_pem()?;
    let new = SigningKey::from_pem(pem.as_bytes())?;

    // Known before it signs. Should the next step fail, it is a key that signs nothing.
    let mut tx = app.write_as_system().await?;
    new.publish(&mut tx).await?;
    let published = Audit::of("signing_key.publish", "signing_key");
    tx.commit(published.changed(Changes::field("kid", None::<&str>, new.kid()))).await?;

    app.signing()?.replace(&pem).await?;

    let mut tx = app.write_as_system().await?;
    let retired = new.replace_others(&mut tx, compromised).await?;
    let done = Audit::of("signing_key.rotate", "signing_key");
    tx.commit(done.changed(Changes::field("kid", None::<&str>, new.kid()))).await?;
    Ok(json!({ "kid": new.kid(), "retired": retired }))
}
