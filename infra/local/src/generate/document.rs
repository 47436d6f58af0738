//! The table of functions, for people.

use lyceum::Function;
use lyceum::function::{CustomResource, DatabaseRole, Grant, Handler, QueueName, Schedule, Trigger};

use super::NOTICE;

const INTRODUCTION: &str = "# The functions

Each row is one Lambda function and one binary in `functions/src/bin`. Every function may write to its own log and send
traces. It may do nothing else beyond what its row says: its role on AWS (`infra/functions`) has these rights and no others,
which `infra/tests/rights.py` checks against a table of its own.

*Application* means the database as `lyceum_app`, which reads and writes rows; *owner* means the role that changes the
schema. A function without an alarm of its own shares one in a trial; in production each has one.
";

pub(super) fn functions() -> String {
    let mut text = format!("<!-- {NOTICE} -->\n{INTRODUCTION}");
    for domain in lyceum_functions::DOMAINS {
        text.push_str(&["\n## ", domain.name, "\n\n", domain.about, "\n\n"].concat());
        text.push_str("| function | started by | database | rights beyond that | memory | time | own alarm |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        domain.functions.iter().for_each(|function| text.push_str(&row(function)));
    }
    text
}

fn row(function: &Function) -> String {
    let rights: Vec<_> = function.grants.iter().map(|&grant| right(grant)).collect();
    let cells = [
        function.name.to_owned(),
        starts(function).join(", "),
        database(function.database).to_owned(),
        rights.join("; "),
        format!("{} MiB", function.memory),
        format!("{} s", function.timeout),
        if function.own_alarm { "yes" } else { "" }.to_owned(),
    ];
    format!("|{}|\n", cells.map(|cell| if cell.is_empty() { " ".to_owned() } else { format!(" {cell} ") }).join("|"))
}

fn starts(function: &Function) -> Vec<String> {
    let mut starts: Vec<_> =
        function.routes().iter().map(|route| format!("`{} {}`", route.method, route.path)).collect();
    if matches!(function.handler, Handler::Default(_)) {
        starts.push("calls that no route takes".to_owned());
    }
    starts.extend(function.triggers.iter().map(|&trigger| match trigger {
        Trigger::Queue(queue) => format!("the {} queue", queue_name(queue)),
        Trigger::Schedule(Schedule::Sweep) => "a schedule (`Sweep`)".to_owned(),
        Trigger::Schedule(Schedule::Days(1)) => "a daily schedule".to_owned(),
        Trigger::Schedule(Schedule::Days(days)) => format!("a schedule (every {days} days)"),
        Trigger::Uploads => "files that arrive below `uploads/`, and results of the malware scan".to_owned(),
        Trigger::Deployment(CustomResource::Schema) => "each deployment with new migrations".to_owned(),
        Trigger::Deployment(CustomResource::FirstKey | CustomResource::Administrator) => {
            "the first deployment".to_owned()
        }
    }));
    starts
}

fn database(role: DatabaseRole) -> &'static str {
    match role {
        DatabaseRole::Application => "application",
        DatabaseRole::Owner => "owner",
        DatabaseRole::None => "none",
    }
}

fn right(grant: Grant) -> String {
    match grant {
        Grant::Wake(queue) => return format!("send to the {} queue", queue_name(queue)),
        Grant::ReadReplica => "connect to the read replica, if there is one",
        Grant::ReadSigningKey => "read the signing key",
        Grant::ReplaceSigningKey => "write the signing key",
        Grant::SendMail => "read the credentials of the mail server",
        Grant::SignMediaReads => "read `media/` in the bucket, by signed URLs",
        Grant::SignUploads => "write, list and remove files below `uploads/` in the bucket, also by signed URLs",
        Grant::InspectUploads => {
            "read and delete files below `uploads/`, write `media/` and `public/`, and list the bucket"
        }
    }
    .to_owned()
}

fn queue_name(queue: QueueName) -> &'static str {
    match queue {
        QueueName::Mail => "mail",
        QueueName::Progress => "progress",
        QueueName::Jobs => "jobs",
    }
}
