//! The parameters that the nested stacks take, and where `template.yaml` has their values from.

/// A parameter of a nested stack. A stack takes those that its template refers to.
pub(super) struct Parameter {
    pub name: &'static str,
    pub kind: &'static str,
    /// Further properties, as YAML in flow style.
    pub more: &'static str,
    pub description: &'static str,
    /// The expression in `template.yaml` that gives its value.
    pub value: &'static str,
}

/// The conditions of the nested stacks. They depend on the deployment's own parameters, never on outputs of other stacks.
pub(super) const CONDITIONS: [(&str, &str); 3] = [
    ("AlarmsPerFunction", r#"!Equals [!Ref AlarmsPerFunction, "true"]"#),
    ("MailBySes", r#"!Equals [!Ref MailBySes, "true"]"#),
    ("ReservesForHashes", "!Not [!Equals [!Ref HashesAtOnce, 0]]"),
];

const fn text(name: &'static str, description: &'static str, value: &'static str) -> Parameter {
    Parameter { name, kind: "String", more: "", description, value }
}

const fn number(name: &'static str, description: &'static str, value: &'static str) -> Parameter {
    Parameter { kind: "Number", ..text(name, description, value) }
}

const fn yes_or_no(name: &'static str, description: &'static str, value: &'static str) -> Parameter {
    Parameter { more: r#"AllowedValues: ["true", "false"], "#, ..text(name, description, value) }
}

/// A value that `CloudFormation` never shows.
const fn secret(name: &'static str, description: &'static str, value: &'static str) -> Parameter {
    Parameter { more: "NoEcho: true, ", ..text(name, description, value) }
}

const fn of_type(kind: &'static str, name: &'static str, description: &'static str, value: &'static str) -> Parameter {
    Parameter { kind, ..text(name, description, value) }
}

/// All parameters, in the order in which templates list them.
pub(super) static ALL: [Parameter; 38] = [
    text("System", "The name of the system's stack, with which the names of functions begin", "!Ref AWS::StackName"),
    text("Architecture", "The processor that target/lambda was built for", "!Ref Architecture"),
    text(
        "Schema",
        "The newest migration. No function is deployed before the database has it",
        "!GetAtt Schema.Outputs.Version",
    ),
    of_type(
        r#""List<AWS::EC2::Subnet::Id>""#,
        "Subnets",
        "The subnets of functions that use the database",
        "!GetAtt Network.Outputs.Subnets",
    ),
    of_type(
        r#""AWS::EC2::SecurityGroup::Id""#,
        "FunctionGroup",
        "The security group of functions that use the database",
        "!GetAtt Network.Outputs.FunctionGroup",
    ),
    text("DatabasePolicy", "The managed policy of functions that use the database", "!Ref DatabasePolicy"),
    text("TracePolicy", "The managed policy of functions without a database", "!Ref TracePolicy"),
    text(
        "DatabaseUrl",
        "The database, or the proxy before it",
        r#"!Sub "postgres://lyceum_app@${Database.Outputs.Host}:5432/lyceum""#,
    ),
    text(
        "ReaderDatabaseUrl",
        "The read replica; empty if there is none",
        r#"!If [HasReader, !Sub "postgres://lyceum_app@${Database.Outputs.ReaderHost}:5432/lyceum", ""]"#,
    ),
    text(
        "WriterDatabaseUrl",
        "The database itself, without the proxy",
        r#"!Sub "postgres://lyceum_app@${Database.Outputs.WriterHost}:5432/lyceum""#,
    ),
    text("OwnerSecret", "The secret with the password of the database's owner", "!GetAtt Database.Outputs.OwnerSecret"),
    text(
        "DatabaseCluster",
        "The cluster. Another one, such as a restored one, is migrated too",
        "!GetAtt Database.Outputs.Cluster",
    ),
    number(
        "IdleSessionTimeout",
        "Seconds after which the database ends an idle connection; 0 means never",
        "!If [Sleeps, 60, 0] # an idle connection would keep the database awake",
    ),
    text("TokenIssuer", "The iss of access tokens", "!Ref TokenIssuer"),
    secret(
        "EdgeSecret",
        "The value by which the API recognises CloudFront",
        r#"!Sub "{{resolve:secretsmanager:${EdgeSecret}}}""#,
    ),
    text("RedisUrl", "The cache; empty if there is none", r#"!If [HasCache, !GetAtt Cached.Outputs.Url, ""]"#),
    text("MediaBucket", "The bucket of uploads, media and pictures", "!Ref MediaBucket"),
    text("MediaUrl", "The address from which browsers load media", "!GetAtt Edge.Outputs.Url"),
    yes_or_no("MalwareScan", "Whether GuardDuty scans uploads before they are accepted", "!Ref MalwareScan"),
    text("SigningKey", "The secret with the key that signs tokens", "!Ref SigningKey"),
    text("MailQueueUrl", "The queue that wakes deliver-mail", "!GetAtt MailQueue.Outputs.Url"),
    text("MailQueueArn", "The same queue's ARN", "!GetAtt MailQueue.Outputs.Arn"),
    text("ProgressQueueUrl", "The queue that wakes recompute-progress", "!GetAtt ProgressQueue.Outputs.Url"),
    text("ProgressQueueArn", "The same queue's ARN", "!GetAtt ProgressQueue.Outputs.Arn"),
    text("JobsQueueUrl", "The queue that wakes run-jobs", "!GetAtt JobsQueue.Outputs.Url"),
    text("JobsQueueArn", "The same queue's ARN", "!GetAtt JobsQueue.Outputs.Arn"),
    yes_or_no("MailBySes", "Whether SES sends the mail", r#"!If [MailBySes, "true", "false"]"#),
    text(
        "SesCredentials",
        "The secret with SES's key; empty if another server sends the mail",
        r#"!If [MailBySes, !GetAtt Mail.Outputs.Credentials, ""]"#,
    ),
    secret(
        "SmtpUrl",
        "Another mail server, with its password; empty if SES sends the mail",
        r#"!If [MailBySes, "", !Sub "{{resolve:secretsmanager:${SmtpSecret}}}"]"#,
    ),
    text("MailFrom", "The sender of all mail", "!Ref MailFrom"),
    text("FrontendUrl", "The frontend's origin, to which links in mails lead", "!Ref FrontendUrl"),
    text(
        "AdministratorEmail",
        "The first administrator, who is mailed a link to choose a password",
        "!Ref AdministratorEmail",
    ),
    text("Sweep", "How often a schedule looks for work whose message was lost", "!Ref Sweep"),
    number(
        "HashesAtOnce",
        "How many runs of each function that hashes passwords are reserved; 0 reserves none",
        "!Ref HashesAtOnce",
    ),
    number("LogRetention", "After how many days logs are deleted", "!Ref LogRetention"),
    text("AlarmTopic", "The topic that alarms are sent to", "!GetAtt Monitoring.Outputs.Topic"),
    yes_or_no("AlarmsPerFunction", "Whether each function has an alarm of its own", "!Ref AlarmsPerFunction"),
    text("Api", "The API's id", "!Ref Api"),
];
