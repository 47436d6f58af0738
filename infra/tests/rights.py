"""The rights of each function on AWS, as its role must state them: the table of docs/functions.md. A role with any other right
fails the test."""

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
    "wake deliver-mail": (["sqs:SendMessage"], "MailQueue.Arn"),
    "read the mail queue": (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], "MailQueue.Arn"),
    "send mail by SES": (["secretsmanager:GetSecretValue"], "Mail.Outputs.Credentials"),
    "wake recompute-progress": (["sqs:SendMessage"], "ProgressQueue.Arn"),
    "read the progress queue": (
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "ProgressQueue.Arn",
    ),
    "read the signing key": (["secretsmanager:GetSecretValue"], "SigningKey"),
    "write the signing key": (["secretsmanager:PutSecretValue"], "SigningKey"),
    "sign reads of media/": (["s3:GetObject"], "${MediaBucket.Arn}/media/*"),
    "sign and finish uploads": (
        [
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ],
        "${MediaBucket.Arn}/uploads/*",
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
        "${MediaBucket.Arn}/uploads/*",
    ),
    "keep what is good, in media/": (KEEPING, "${MediaBucket.Arn}/media/*"),
    "keep what is good, in public/": (KEEPING, "${MediaBucket.Arn}/public/*"),
    "list objects and versions": (["s3:ListBucket", "s3:ListBucketVersions"], "MediaBucket.Arn"),
    "give up unfinished uploads": (["s3:AbortMultipartUpload"], "${MediaBucket.Arn}/uploads/*"),
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
    "Courses": [],
    "Sections": ["wake recompute-progress"],
    "Lessons": ["wake recompute-progress"],
    "Prerequisites": [],
    "Tags": [],
    "Enroll": [],
    "Enrollments": [],
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
    "RotateKeys": ["write the signing key"],
    "AppointAdministrator": ["wake deliver-mail"],
    "Maintain": [*INGEST, "give up unfinished uploads"],
    "Migrate": ["own the database"],
}

# Denied to the function's own code, whose calls bear the function's name.
NO_CODE = {
    "Effect": "Deny",
    "Action": "ec2:*",
    "Resource": "*",
    "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
}
