//! IAM authentication for RDS: the password is a token that the process signs itself.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use chrono::{DateTime, TimeDelta, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::postgres::PgConnectOptions;

use crate::config::AwsIdentity;
use crate::error::{Error, Result};

/// How long a token can open connections. Open connections are not affected.
const TOKEN_LIFETIME: Duration = Duration::from_mins(15);
/// The age at which a token is replaced, so that it never expires on its way to the server.
pub(super) const MAX_TOKEN_AGE: TimeDelta = TimeDelta::minutes(10);

/// All but the unreserved characters of a URL (RFC 3986).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Returns a token for the user and host of `options`, valid for 15 minutes from `now`. Makes no network call.
///
/// # Errors
/// Fails when the credentials can't be used to sign.
pub fn token(identity: &AwsIdentity, options: &PgConnectOptions, now: DateTime<Utc>) -> Result<String> {
    let AwsIdentity { region, access_key_id, secret_access_key, session_token } = identity;
    let credentials = Credentials::new(access_key_id, secret_access_key, session_token.clone(), None, "settings");
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(TOKEN_LIFETIME);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(now.into())
        .settings(settings)
        .build()
        .map_err(Error::internal)?;

    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let role = encoded(options.get_username());
    let place = format!("{}:{}/?Action=connect&DBUser={role}", options.get_host(), options.get_port());
    let request = SignableRequest::new("GET", format!("https://{place}"), std::iter::empty(), SignableBody::Bytes(&[]));
    let signed = sign(request.map_err(Error::internal)?, &parameters.into()).map_err(Error::internal)?;
    let (instructions, _) = signed.into_parts();
    let (_, signature) = instructions.into_parts();
    let signature = signature.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
    Ok(place + &signature.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The output of botocore 1.44.8 for the same input (`generate_db_auth_token`, with its clock stopped at that
    /// time).
    const WITH_SESSION: &str = "lyceum.cluster-c1a2b3.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=lyceum_app\
        &X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123%2Feu-central-1%2Frds-db%2Faws4_request\
        &X-Amz-Date=20261123T195600Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
        &X-Amz-Security-Token=AQoDYXdzEPT%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI%2FqkPpKPi%2FkMcGd%2BOw%3D%3D\
        &X-Amz-Signature=5dfbfaf16300046697c5fb9782312fc6c3c97fafe57746623d81514bfe635b35";
    const WITHOUT: &str = "lyceum.cluster-c1a2b3.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=lyceum_app\
        &X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261123%2Feu-central-1%2Frds-db%2Faws4_request\
        &X-Amz-Date=20261123T195600Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
        &X-Amz-Signature=3b0866e2fbd96f6e2d78d3344e2ecdb0d6f67109a1873132699cc2d51fdc6a18";

    #[test]
    fn the_token_equals_that_of_the_aws_sdk() {
        let session = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGd+Ow==";
        let url = "postgres://lyceum_app@lyceum.cluster-c1a2b3.eu-central-1.rds.amazonaws.com/lyceum";
        let options: PgConnectOptions = url.parse().unwrap();
        for (session_token, expected) in [(Some(session.to_owned()), WITH_SESSION), (None, WITHOUT)] {
            let identity = AwsIdentity {
                region: "eu-central-1".to_owned(),
                access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
                session_token,
            };
            let token = token(&identity, &options, "2026-11-23T19:56:00Z".parse().unwrap()).unwrap();
            // The order of the parameters doesn't matter.
            let parts = |token: &str| token.split(['?', '&']).map(ToOwned::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(parts(&token), parts(expected));
            assert!(token.starts_with("lyceum.cluster-c1a2b3.eu-central-1.rds.amazonaws.com:5432/?Action=connect&"));
        }
    }
}
