//! `appoint-administrator`, by the first deployment and by hand (`{"email": "…"}`): makes an administrator, who is mailed
//! the link to choose a password; nothing comes with a default one.

use std::sync::Arc;

use lambda_http::BoxFuture;
use lyceum::app::App;
use lyceum::audit::audit;
use lyceum::error::Result;
use lyceum::function::{CustomResource, Grant, QueueName, Trigger};
use lyceum::identity::{Email, Username, users};
use lyceum::input::Faults;
use lyceum::{Error, Function, problem};
use serde_json::{Value, json};

use crate::operating::custom_resource::{Request, RequestType};

pub const FUNCTION: Function = Function::event("appoint-administrator", handler)
    .started_by(&[Trigger::Deployment(CustomResource::Administrator)])
    .may(&[Grant::Wake(QueueName::Mail)]);

fn handler(app: Arc<App>, event: Value) -> BoxFuture<'static, Result<Value>> {
    Box::pin(async move {
        let by_hand = event.get("email").cloned();
        let request = Request::read(event)?;
        let outcome = match (request.kind, by_hand.as_ref().or_else(|| request.property("Email"))) {
            // Whoever is one stays one, as long as the administrators will have it.
            (RequestType::Delete, _) | (_, None) => Ok(Value::Null),
            (RequestType::Create | RequestType::Update, Some(email)) => appoint(&app, email).await,
        };
        request.conclude("administrator", outcome).await
    })
}

async fn appoint(app: &App, email: &Value) -> Result<Value> {
    let email: Email = read(email)?;
    // One that is no username, such as a name of two letters, leaves the choice to the profile.
    let name = email.as_str().split('@').next().unwrap_or_default();
    let username: Username = read(&name.into()).or_else(|_| read(&"administrator".into()))?;
    let mut tx = app.write_as_system().await?;
    match users::invite_administrator(&mut tx, &email, &username).await {
        Ok(user) => {
            tx.commit(audit("user.create_administrator", user)).await?;
            Ok(json!({ "user_id": user }))
        }
        // A deployment that comes again finds whom it made.
        Err(taken) if taken.is(&problem::EMAIL_TAKEN) || taken.is(&problem::USERNAME_TAKEN) => {
            Ok(json!({ "user_id": null }))
        }
        Err(other) => Err(other),
    }
}

/// Reads an argument as the API reads a field.
fn read<T: deserr::Deserr<Faults>>(text: &Value) -> Result<T> {
    let read = deserr::deserialize::<T, _, Faults>(text.clone());
    read.map_err(|faults| Error::internal(format!("{text}: {}", faults.of_body())))
}
