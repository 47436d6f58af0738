//! The binaries, and what Cargo and cargo-lambda have to know of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::Result;
use lyceum::function::Handler;

use super::{Files, NOTICE, with_part};

const MANIFEST: &str = "functions/Cargo.toml";

pub(super) fn files() -> Result<Files> {
    let mut files = Files::new();
    for domain in lyceum_functions::DOMAINS {
        for function in domain.functions {
            let path = format!("lyceum_functions::{}::{}::FUNCTION", domain.folder, function.module);
            let main = format!("fn main() -> Result<(), lambda_http::Error> {{\n    lyceum::run(&{path})\n}}\n");
            files.insert(format!("functions/src/bin/{}.rs", function.name), format!("// {NOTICE}\n{main}"));
        }
    }
    let part = format!("{}\n{}", binaries(), router()?);
    files.insert(MANIFEST.to_owned(), with_part(MANIFEST, &part)?);
    Ok(files)
}

fn binaries() -> String {
    let mut names: Vec<_> = lyceum_functions::ALL.iter().map(|function| function.name).collect();
    names.sort_unstable();
    let sections = names.iter().map(|name| format!("[[bin]]\nname = \"{name}\"\ntest = false\n"));
    format!("\n# One binary for each function, without tests of its own.\n{}", sections.collect::<Vec<_>>().join("\n"))
}

/// The routes of `cargo lambda watch`.
fn router() -> Result<String> {
    let (mut routes, mut default) = (BTreeMap::<_, Vec<_>>::new(), "");
    for function in lyceum_functions::ALL.iter() {
        for route in function.routes() {
            let target = format!("{{ method = \"{}\", function = \"{}\" }}", route.method, function.name);
            routes.entry(route.path.replace("{proxy+}", "{*proxy}")).or_default().push(target);
        }
        if matches!(function.handler, Handler::Default(_)) {
            default = function.name;
        }
    }
    let mut text = "# `cargo lambda watch -p lyceum-functions`: the routes, and their functions.\n".to_owned();
    text.push_str("[package.metadata.lambda.watch.router]\n");
    for (path, targets) in routes {
        match &targets[..] {
            [target] => writeln!(text, "\"{path}\" = [{target}]")?,
            targets => writeln!(text, "\"{path}\" = [\n  {},\n]", targets.join(",\n  "))?,
        }
    }
    for path in ["/", "/{*path}"] {
        writeln!(text, "\"{path}\" = \"{default}\"")?;
    }
    Ok(text)
}
