//! The templates in `infra/functions`, one nested stack for each domain and one for the schema, and the part of
//! `template.yaml` that names these stacks.

mod function;
mod parameters;
mod rights;

use std::fmt::Write;

use anyhow::Result;
use askama::Template;
use lyceum::Function;
use lyceum::function::DatabaseRole;
use lyceum_functions::Domain;

use self::function::Stanza;
use self::parameters::Parameter;
use super::{Files, NOTICE, with_part};

const TEMPLATE: &str = "template.yaml";
/// Functions that own the database are in a stack of their own, which all others wait for.
const SCHEMA: &str = "schema";

/// A nested stack.
struct Stack {
    /// The file's name in `infra/functions`, without its ending.
    name: &'static str,
    description: String,
    functions: Vec<Function>,
}

/// `templates/stack.yaml.txt`
#[derive(Template)]
#[template(path = "stack.yaml.txt")]
struct StackTemplate<'a> {
    notice: &'a str,
    description: &'a str,
    parameters: &'a [&'static Parameter],
    conditions: Vec<(&'static str, &'static str)>,
    resources: &'a str,
    /// Whether this is the stack of the schema: others are given its version, and it makes it.
    schema: Option<i64>,
}

/// `templates/function.yaml.txt`
#[derive(Template)]
#[template(path = "function.yaml.txt")]
struct FunctionTemplate<'a> {
    function: &'a Stanza,
}

pub(super) fn files() -> Result<Files> {
    let (mut files, mut part) = (Files::new(), String::new());
    for stack in stacks() {
        let (text, parameters) = stack.render()?;
        files.insert(format!("infra/functions/{}.yaml", stack.name), text);
        part.push_str(&stack.resource(&parameters)?);
    }
    files.insert(TEMPLATE.to_owned(), with_part(TEMPLATE, &part)?);
    Ok(files)
}

fn stacks() -> Vec<Stack> {
    let owns = |function: &&Function| function.database == DatabaseRole::Owner;
    let schema = Stack {
        name: SCHEMA,
        description: "the schema of the database, and the function that migrates it".to_owned(),
        functions: lyceum_functions::ALL.iter().filter(owns).copied().collect(),
    };
    let of_domain = |domain: &Domain| Stack {
        name: domain.folder,
        description: format!("the functions of {}", domain.folder),
        functions: domain.functions.iter().filter(|function| !owns(function)).copied().collect(),
    };
    std::iter::once(schema).chain(lyceum_functions::DOMAINS.iter().map(of_domain)).collect()
}

impl Stack {
    /// Returns the template, and the parameters that it takes.
    fn render(&self) -> Result<(String, Vec<&'static Parameter>)> {
        let schema = (self.name == SCHEMA).then(newest_migration);
        let stanza = |function| FunctionTemplate { function: &Stanza::new(function) }.render();
        let resources = self.functions.iter().map(stanza).collect::<Result<Vec<_>, _>>()?.join("\n");
        let mut template = StackTemplate {
            notice: NOTICE,
            description: &self.description,
            parameters: &[],
            conditions: parameters::CONDITIONS.iter().copied().filter(|(name, _)| names(&resources, name)).collect(),
            resources: &resources,
            schema,
        };
        let body = template.render()?;
        let parameters: Vec<_> = parameters::ALL.iter().filter(|parameter| names(&body, parameter.name)).collect();
        template.parameters = &parameters;
        Ok((template.render()? + "\n", parameters))
    }

    /// Returns the stack as a resource of `template.yaml`.
    fn resource(&self, parameters: &[&Parameter]) -> Result<String> {
        let mut text = format!("  {}:\n", stack_id(self.name));
        writeln!(text, "    Type: AWS::CloudFormation::Stack\n    Properties:")?;
        writeln!(text, "      TemplateURL: infra/functions/{}.yaml\n      Parameters:", self.name)?;
        for parameter in parameters {
            writeln!(text, "        {}: {}", parameter.name, parameter.value)?;
        }
        text.push('\n');
        Ok(text)
    }
}

fn stack_id(name: &str) -> String {
    if name == SCHEMA { pascal_case(name) } else { pascal_case(name) + "Functions" }
}

fn newest_migration() -> i64 {
    lyceum::db::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Whether a template refers to that name: `!Ref NAME`, `${NAME}`, `Condition: NAME`, or as the condition of an `!If`.
fn names(template: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
    ["!Ref ", "${", "Condition: ", "!If ["].iter().any(|before| {
        let reference = format!("{before}{name}");
        template.match_indices(&reference).any(|(at, _)| ends(&template[at + reference.len()..]))
    })
}

/// `complete-lesson` to `CompleteLesson`.
fn pascal_case(name: &str) -> String {
    let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split(['-', '_']).filter(|word| !word.is_empty()).map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_whole() {
        assert!(names("Queue: !Ref MailQueueArn", "MailQueueArn"));
        assert!(names("!Sub \"${System}-Login\"", "System"));
        assert!(!names("!Ref MailQueueArn", "MailQueue"));
        assert!(!names("# System", "System"));
    }

    /// `serde_norway` refuses a key that occurs twice.
    #[test]
    fn each_template_has_each_resource_once() {
        for (path, text) in files().unwrap() {
            let template: serde_norway::Value =
                serde_norway::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(template.get("Resources").is_some(), "{path}");
        }
    }
}
