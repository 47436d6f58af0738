//! One function, as the template of its stack needs it.

use lyceum::Function;
use lyceum::function::{CustomResource, DatabaseRole, Grant, Handler, QueueName, Schedule, Trigger};
use lyceum::media::UPLOADED;

use super::rights::{self, Policy, Variable};
use super::{newest_migration, pascal_case};

/// Seconds that a call leaves to the function for its answer, before Lambda ends it.
const RESERVE: u16 = 2;
/// The time, in seconds, of functions that answer calls, unless they take longer; `CALL_TIMEOUT_SECONDS` fits it.
const USUAL_TIMEOUT: u16 = 10;

pub(super) struct Stanza {
    /// In Pascal case: the id of its resource, and the end of its name.
    pub id: String,
    pub of: Function,
    pub in_network: bool,
    /// Whether it sends to the queue that starts it.
    pub wakes_itself: bool,
    pub variables: Vec<Variable>,
    pub policies: Vec<Policy>,
    pub queue: Option<QueueName>,
    /// The expression of its schedule.
    pub schedule: Option<String>,
    /// The prefix of the files that start it.
    pub uploads: Option<&'static str>,
    pub custom_resource: Option<Custom>,
    /// Whether API Gateway calls it.
    pub is_called: bool,
    pub routes: Vec<Key>,
}

/// The key of a route.
pub(super) struct Key {
    /// The id of its resource, which changes with the key: two resources can't have one key at a time.
    pub id: String,
    pub key: String,
}

/// A resource that the function makes.
pub(super) struct Custom {
    pub id: String,
    pub kind: &'static str,
    /// Seconds in which the deployment expects the answer.
    pub timeout: u16,
    /// Names, and expressions.
    pub properties: Vec<(&'static str, String)>,
}

impl Stanza {
    pub(super) fn new(function: &Function) -> Self {
        let id = pascal_case(function.name);
        let queue = function.triggers.iter().find_map(|&trigger| match trigger {
            Trigger::Queue(queue) => Some(queue),
            _ => None,
        });
        let schedule = function.triggers.iter().find_map(|&trigger| match trigger {
            Trigger::Schedule(schedule) => Some(expression(schedule)),
            _ => None,
        });
        let custom_resource = function.triggers.iter().find_map(|&trigger| match trigger {
            Trigger::Deployment(resource) => Some(custom(resource, function.timeout)),
            _ => None,
        });
        Self {
            of: *function,
            in_network: function.database != DatabaseRole::None,
            wakes_itself: queue.is_some_and(|queue| function.grants.contains(&Grant::Wake(queue))),
            variables: variables(function),
            policies: policies(&id, function),
            queue,
            schedule,
            uploads: function.triggers.contains(&Trigger::Uploads).then_some(UPLOADED),
            custom_resource,
            is_called: function.is_called(),
            routes: keys(function),
            id,
        }
    }

    /// The policies that always hold.
    pub(super) fn inline_policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().filter(|policy| policy.condition.is_none())
    }

    /// The policies that hold on a condition, with its name, and an id for each.
    pub(super) fn conditional_policies(&self) -> impl Iterator<Item = (String, &'static str, &Policy)> {
        self.policies.iter().filter_map(|policy| Some((pascal_case(&policy.name), policy.condition?, policy)))
    }
}

fn variables(function: &Function) -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    match function.database {
        DatabaseRole::Application => variables.push(("DATABASE_URL", "!Ref DatabaseUrl".to_owned())),
        DatabaseRole::Owner => variables.extend([
            ("DATABASE_URL", "!Ref WriterDatabaseUrl".to_owned()),
            ("DATABASE_OWNER_SECRET", "!Ref OwnerSecret".to_owned()),
        ]),
        DatabaseRole::None => {}
    }
    if function.is_called() {
        variables.push(("EDGE_SECRET", "!Ref EdgeSecret".to_owned()));
        if function.timeout > USUAL_TIMEOUT {
            variables.push(("CALL_TIMEOUT_SECONDS", format!("\"{}\"", function.timeout - RESERVE)));
        }
    }
    variables.extend(function.grants.iter().flat_map(|&grant| rights::environment(grant)));
    variables
}

fn policies(id: &str, function: &Function) -> Vec<Policy> {
    let owner = (function.database == DatabaseRole::Owner).then(rights::of_owner);
    let of_triggers = function.triggers.iter().filter_map(|&trigger| rights::of_trigger(id, trigger));
    let of_grants = function.grants.iter().filter_map(|&grant| rights::of_grant(grant));
    owner.into_iter().chain(of_triggers).chain(of_grants).collect()
}

fn expression(schedule: Schedule) -> String {
    match schedule {
        Schedule::Sweep => "!Ref Sweep".to_owned(),
        Schedule::Days(1) => "rate(1 day)".to_owned(),
        Schedule::Days(days) => format!("rate({days} days)"),
    }
}

fn custom(resource: CustomResource, timeout: u16) -> Custom {
    let (kind, properties) = match resource {
        CustomResource::Schema => (
            "Custom::Schema",
            vec![
                ("Newest", format!("\"{}\"", newest_migration())),
                ("Database", "!Ref DatabaseCluster".to_owned()),
                ("IdleSessionTimeout", "!Ref IdleSessionTimeout".to_owned()),
            ],
        ),
        CustomResource::FirstKey => ("Custom::SigningKey", Vec::new()),
        CustomResource::Administrator => {
            ("Custom::Administrator", vec![("Email", "!Ref AdministratorEmail".to_owned())])
        }
    };
    // Lambda tries a run that fails twice more, after a minute and after two.
    Custom { id: format!("{resource:?}"), kind, timeout: (4 * timeout).min(900), properties }
}

fn keys(function: &Function) -> Vec<Key> {
    let of_route = |method: &str, path: &str| Key { id: key_id(method, path), key: format!("{method} {path}") };
    let mut keys: Vec<_> = function.routes().iter().map(|route| of_route(route.method.as_str(), route.path)).collect();
    if matches!(function.handler, Handler::Default(_)) {
        keys.push(Key { id: "RouteDefault".to_owned(), key: "$default".to_owned() });
    }
    keys
}

/// `GET /v1/users/{user_id}` to `RouteGetV1UsersUserId`.
fn key_id(method: &str, path: &str) -> String {
    let words = path.split(|next: char| !next.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    format!("Route{}{}", pascal_case(&method.to_lowercase()), words.map(pascal_case).collect::<String>())
}
