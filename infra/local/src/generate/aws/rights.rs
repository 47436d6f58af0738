//! What a right is on AWS: the statements of the function's role, and the environment of the code that uses it.

use lyceum::function::{Grant, QueueName, Trigger};

/// An inline policy of a function's role.
pub(super) struct Policy {
    pub name: String,
    /// The condition of the template on which it depends, if it does.
    pub condition: Option<&'static str>,
    pub statements: Vec<Statement>,
}

pub(super) struct Statement {
    pub actions: &'static [&'static str],
    /// Expressions, as YAML.
    pub resources: Vec<String>,
    /// Why it is needed, where the actions don't say so.
    pub comment: &'static str,
}

/// A variable of the environment: its name, and an expression.
pub(super) type Variable = (&'static str, String);

const READ_SECRET: &[&str] = &["secretsmanager:GetSecretValue"];
const WRITE_FILES: &[&str] = &["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload", "s3:DeleteObject"];

fn below(prefix: &str) -> String {
    format!("!Sub \"arn:${{AWS::Partition}}:s3:::${{MediaBucket}}/{prefix}/*\"")
}

fn statement(actions: &'static [&'static str], resource: impl Into<String>) -> Statement {
    Statement { actions, resources: vec![resource.into()], comment: "" }
}

/// Without it, S3 answers 403 instead of 404 for a missing object.
fn list() -> Statement {
    let bucket = "!Sub \"arn:${AWS::Partition}:s3:::${MediaBucket}\"";
    let comment = "without ListBucket, S3 answers 403 for a key that doesn't exist";
    Statement { comment, ..statement(&["s3:ListBucket", "s3:ListBucketVersions"], bucket) }
}

fn policy(name: &str, statements: Vec<Statement>) -> Policy {
    Policy { name: name.to_owned(), condition: None, statements }
}

/// Returns the policy that a grant makes; `None` where the network alone decides.
pub(super) fn of_grant(grant: Grant) -> Option<Policy> {
    Some(match grant {
        Grant::Wake(queue) => {
            let name = format!("send-to-{}-queue", lower(queue));
            policy(&name, vec![statement(&["sqs:SendMessage"], format!("!Ref {queue:?}QueueArn"))])
        }
        Grant::ReadReplica => return None,
        Grant::ReadSigningKey => policy("read-signing-key", vec![statement(READ_SECRET, "!Ref SigningKey")]),
        Grant::ReplaceSigningKey => {
            policy("write-signing-key", vec![statement(&["secretsmanager:PutSecretValue"], "!Ref SigningKey")])
        }
        Grant::SendMail => Policy {
            condition: Some("MailBySes"),
            ..policy("read-ses-credentials", vec![statement(READ_SECRET, "!Ref SesCredentials")])
        },
        Grant::SignMediaReads => policy("sign-media-reads", vec![statement(&["s3:GetObject"], below("media"))]),
        Grant::SignUploads => {
            let actions = &[
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ];
            policy("sign-uploads", vec![statement(actions, below("uploads")), list()])
        }
        Grant::InspectUploads => {
            let actions = &[
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectTagging",
                "s3:GetObjectVersionTagging",
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:AbortMultipartUpload",
            ];
            let accepted = Statement { resources: vec![below("media"), below("public")], ..statement(WRITE_FILES, "") };
            policy("inspect-uploads", vec![statement(actions, below("uploads")), accepted, list()])
        }
    })
}

/// Returns the policy that a trigger needs.
pub(super) fn of_trigger(function: &str, trigger: Trigger) -> Option<Policy> {
    match trigger {
        Trigger::Queue(queue) => {
            let actions = &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
            let name = format!("read-{}-queue", lower(queue));
            Some(policy(&name, vec![statement(actions, format!("!Ref {queue:?}QueueArn"))]))
        }
        Trigger::Uploads => {
            let failures = format!("!GetAtt {function}Failures.Arn");
            Some(policy("keep-failed-events", vec![statement(&["sqs:SendMessage"], failures)]))
        }
        Trigger::Schedule(_) | Trigger::Deployment(_) => None,
    }
}

/// Returns the policy of functions that own the database.
pub(super) fn of_owner() -> Policy {
    policy("own-database", vec![statement(READ_SECRET, "!Ref OwnerSecret")])
}

/// Returns the settings that the code behind a grant reads.
pub(super) fn environment(grant: Grant) -> Vec<Variable> {
    match grant {
        Grant::Wake(QueueName::Mail) => vec![("MAIL_QUEUE_URL", "!Ref MailQueueUrl".to_owned())],
        Grant::Wake(QueueName::Progress) => vec![("PROGRESS_QUEUE_URL", "!Ref ProgressQueueUrl".to_owned())],
        Grant::Wake(QueueName::Jobs) => vec![("JOBS_QUEUE_URL", "!Ref JobsQueueUrl".to_owned())],
        Grant::ReadReplica => vec![("READER_DATABASE_URL", "!Ref ReaderDatabaseUrl".to_owned())],
        Grant::ReadSigningKey | Grant::ReplaceSigningKey => {
            vec![("SIGNING_KEY_SECRET", "!Ref SigningKey".to_owned())]
        }
        Grant::SendMail => vec![
            ("SMTP_URL", "!Ref SmtpUrl".to_owned()),
            ("SES_CREDENTIALS_SECRET", "!Ref SesCredentials".to_owned()),
            ("MAIL_FROM", "!Ref MailFrom".to_owned()),
            ("FRONTEND_URL", "!Ref FrontendUrl".to_owned()),
        ],
        Grant::SignMediaReads => {
            vec![("AWS_USE_DUALSTACK_ENDPOINT", "\"false\" # it signs for the host that CloudFront asks".to_owned())]
        }
        Grant::SignUploads => Vec::new(),
        Grant::InspectUploads => vec![("MALWARE_SCAN", "!Ref MalwareScan".to_owned())],
    }
}

fn lower(queue: QueueName) -> String {
    format!("{queue:?}").to_lowercase()
}
