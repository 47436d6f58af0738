"""The rights of each function on AWS, written by hand: the check of the templates in infra/functions, which are generated.
A right that a role has beyond this table fails the test, and so does one that it lacks."""

KEEPING = ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload", "s3:DeleteObject"]
INGEST = ["judge uploads", "keep what is good, in media/", "keep what is good, in public/", "list objects and versions"]

# What a right is, as a role says it: actions, and what on.
RIGHTS = {
    "log": (["logs:CreateLogStream", "logs:PutLogEvents"], "the function's own log"),
    "trace": (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
    # Lambda's own, for the function; its code is denied it (NO_CODE).
    "join the network": (
        [
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        "*",
    ),
    "sign in to the database": (["rds-db:connect"], "Database.Outputs.ApplicationUser"),
    "wake deliver-mail": (["sqs:SendMessage"], "MailQueue.Outputs.Arn"),
    "read the mail queue": (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "MailQueue.Outputs.Arn"),
    "send mail by SES": (["secretsmanager:GetSecretValue"], "Mail.Outputs.Credentials"),
    "wake recompute-progress": (["sqs:SendMessage"], "ProgressQueue.Outputs.Arn"),
    "read the progress queue": (
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "ProgressQueue.Outputs.Arn",
    ),
    "wake run-jobs": (["sqs:SendMessage"], "JobsQueue.Outputs.Arn"),
    "read the jobs queue": (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "JobsQueue.Outputs.Arn"),
    "read the signing key": (["secretsmanager:GetSecretValue"], "SigningKey"),
    "write the signing key": (["secretsmanager:PutSecretValue"], "SigningKey"),
    "sign reads of media/": (["s3:GetObject"], "arn:${AWS::Partition}:s3:::${MediaBucket}/media/*"),
    "sign and finish uploads": (
        [
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ],
        "arn:${AWS::Partition}:s3:::${MediaBucket}/uploads/*",
    ),
    "judge uploads": (
        [
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:GetObjectTagging",
            "s3:GetObjectVersionTagging",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
        ],
        "arn:${AWS::Partition}:s3:::${MediaBucket}/uploads/*",
    ),
    "keep what is good, in media/": (KEEPING, "arn:${AWS::Partition}:s3:::${MediaBucket}/media/*"),
    "keep what is good, in public/": (KEEPING, "arn:${AWS::Partition}:s3:::${MediaBucket}/public/*"),
    "list objects and versions": (["s3:ListBucket", "s3:ListBucketVersions"], "arn:${AWS::Partition}:s3:::${MediaBucket}"),
    "give up unfinished uploads": (["s3:AbortMultipartUpload"], "arn:${AWS::Partition}:s3:::${MediaBucket}/uploads/*"),
    "keep events that failed": (["sqs:SendMessage"], "IngestFailures.Arn"),
    "own the database": (["secretsmanager:GetSecretValue"], "Database.Outputs.OwnerSecret"),
}

OF_ALL = ["log", "trace"]
OVER_DATABASE = ["join the network", "sign in to the database"]
# No network and no database.
ALONE = ["Openapi", "NotFound"]

# Beyond these.
TABLE = {
    "Register": ["wake deliver-mail"],
    "VerifyEmail": [],
    "ResendVerification": ["wake deliver-mail"],
    "Login": ["read the signing key"],
    "Refresh": ["read the signing key"],
    "Logout": [],
    "ForgotPassword": ["wake deliver-mail"],
    "ResetPassword": ["wake deliver-mail"],
    "Profile": [],
    "Credentials": ["wake deliver-mail"],
    "Sessions": [],
    "Users": ["wake deliver-mail"],
    "Roles": [],
    "AuditLogs": [],
    "Categories": [],
    "Courses": ["wake run-jobs"],
    "Sections": ["wake recompute-progress"],
    "Lessons": ["wake recompute-progress"],
    "Prerequisites": [],
    "Tags": ["wake run-jobs"],
    "Enroll": ["wake run-jobs"],
    "Enrollments": ["wake run-jobs"],
    "CompleteLesson": [],
    "Reports": [],
    "RecomputeProgress": ["read the progress queue", "wake recompute-progress"],
    "Uploads": ["sign and finish uploads", "list objects and versions"],
    "Media": ["sign reads of media/"],
    "Ingest": [*INGEST, "give up unfinished uploads", "keep events that failed"],
    "Health": [],
    "AdminDatabase": [],
    "Openapi": [],
    "Jwks": [],
    "NotFound": [],
    "DeliverMail": ["read the mail queue", "wake deliver-mail", "send mail by SES"],
    "RunJobs": ["read the jobs queue", "wake run-jobs"],
    "RotateKeys": ["write the signing key"],
    "AppointAdministrator": ["wake deliver-mail"],
    "Maintain": [*INGEST, "give up unfinished uploads", "wake run-jobs"],
    "Migrate": ["own the database"],
}

# Denied to the function's own code, whose calls bear the function's name.
NO_CODE = {
    "Effect": "Deny",
    "Action": "ec2:*",
    "Resource": "*",
    "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
}
