//! What `CloudFormation` asks of a custom resource, and how it wants to be answered: by a PUT to an address that it
//! signed. Called by hand, without one, a function gives its report as its answer.

use std::time::Duration;

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_types::body::SdkBody;
use lyceum::Error;
use lyceum::error::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// An answer has 4 KiB at most. What went wrong comes first in a reason.
const LONGEST_REASON: usize = 1000;
const ATTEMPTS: u32 = 3;
/// How long one attempt may take, and how long the next one waits.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum RequestType {
    #[default]
    Create,
    Update,
    Delete,
}

/// The event. By hand, an empty one will do.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Request {
    #[serde(rename = "RequestType")]
    pub kind: RequestType,
    #[serde(rename = "ResponseURL")]
    pub response_url: Option<String>,
    stack_id: Value,
    #[serde(rename = "RequestId")]
    id: Value,
    logical_resource_id: Value,
    physical_resource_id: Option<String>,
    resource_properties: Map<String, Value>,
}

impl Request {
    pub fn read(event: Value) -> Result<Self> {
        Ok(serde_json::from_value(event)?)
    }

    /// What the template says of it.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.resource_properties.get(name)
    }

    /// Tells the deployment how it went, or whoever called by hand. By `id` the deployment knows what was made; another
    /// one would be something new, and the old one's end.
    pub async fn conclude<T: Serialize>(&self, id: &str, outcome: Result<T>) -> Result<Value> {
        let Some(address) = &self.response_url else { return Ok(serde_json::to_value(outcome?)?) };
        answer(address, &self.answer(id, &outcome)).await?;
        Ok(Value::Null)
    }

    /// What is answered.
    fn answer<T>(&self, id: &str, outcome: &Result<T>) -> Value {
        let mut answer = json!({
            "Status": "SUCCESS",
            "PhysicalResourceId": self.physical_resource_id.as_deref().unwrap_or(id),
            "StackId": self.stack_id,
            "RequestId": self.id,
            "LogicalResourceId": self.logical_resource_id,
        });
        if let Err(error) = outcome {
            answer["Status"] = "FAILED".into();
            answer["Reason"] = error.to_string().chars().take(LONGEST_REASON).collect::<String>().into();
        }
        answer
    }
}

/// Puts the answer there, with the client of the AWS SDK, which is part of the function anyway. The address was signed
/// for a body without a type.
async fn answer(address: &str, answer: &Value) -> Result<()> {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    let client = Connector::builder().tls_provider(tls).build();
    let mut attempt = 1;
    loop {
        let sent = match tokio::time::timeout(TIMEOUT, put(&client, address, answer.to_string())).await {
            Ok(sent) => sent,
            Err(late) => Err(Error::Unavailable(late.into())),
        };
        match sent {
            Err(error) if attempt < ATTEMPTS => {
                tracing::warn!(%error, "the deployment could not be told");
                tokio::time::sleep(Duration::from_secs(u64::from(attempt))).await;
                attempt += 1;
            }
            // The event comes again then, and what it asks for is there already.
            told => return told,
        }
    }
}

async fn put(client: &Connector, address: &str, body: String) -> Result<()> {
    let request = http::Request::put(address).header(http::header::CONTENT_TYPE, "").body(SdkBody::from(body));
    let request = request.map_err(Error::internal)?.try_into().map_err(Error::internal)?;
    let answer = client.call(request).await.map_err(|error| Error::Unavailable(error.into()))?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Error::Unavailable(format!("the deployment took no answer: {}", answer.status()).into()))
}
