//! What rendering Markdown costs: texts of 200,000 characters that were made to be slow or to grow, beside an ordinary
//! one of the same length (budget 14). Build with `--release` to compare; the debug build shows what the tests run.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use lyceum::Error;
use lyceum::catalog::lessons::NewLesson;
use lyceum::input::Faults;
use nix::time::{ClockId, clock_gettime};
use serde_json::json;

/// The characters that a lesson's Markdown may have.
const LENGTH: usize = 200_000;
/// The least of this many runs counts.
const RUNS: u32 = 7;

const ORDINARY: &str = "## A heading\n\nA paragraph with **bold**, *emphasis*, `code` and a [link](https://example.org/a).\n\
    Another line of prose that says a little more.\n\n- one\n- two\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```rust\nlet x;\n```\n\n";

/// Texts that are repeated up to the length.
const REPEATED: [&str; 40] = [
    "- ",
    "> ",
    ">",
    "1. ",
    "+ > ",
    "- a\n",
    "a\n\n",
    "#\n",
    "# a\n",
    "---\n",
    "```\n",
    "|\n-\n",
    "a|b\n-|-\n",
    "*a*",
    "**a",
    "***a",
    "*a **b ",
    "_a ",
    "`` ` ",
    "[",
    "[]",
    "[a](",
    "[a]()",
    "[a](b)",
    "![a](b)",
    "[a]: b\n",
    "<a@b.c>",
    "<http://a.b>",
    "<",
    "</",
    "&",
    "&amp;",
    "<br>",
    "<x>",
    "<a ",
    "<div>",
    "<b title=k>",
    "x</b>",
    "<p>",
    "<table><tr><td>",
];

pub async fn run() -> Result<()> {
    let ordinary = cost(&repeated(ORDINARY)).await?;
    println!("\n{:<34} {:>8} {:>10}  outcome", "200,000 characters", "CPU ms", "÷ ordinary");
    print("an ordinary lesson", &ordinary, &ordinary);
    let mut worst = 0.0_f64;
    for (name, markdown) in shapes() {
        let cost = cost(&markdown).await?;
        print(&name, &cost, &ordinary);
        if cost.refusal.is_none() {
            worst = worst.max(cost.cpu.as_secs_f64() / ordinary.cpu.as_secs_f64());
        }
    }
    println!("\nThe worst that is accepted costs {worst:.1} times an ordinary lesson.");
    Ok(())
}

fn repeated(part: &str) -> String {
    part.chars().cycle().take(LENGTH).collect()
}

fn shapes() -> Vec<(String, String)> {
    let half = LENGTH / 2;
    let (many_lines, title) = ("a\n".repeat(half / 2), "\"".repeat(half));
    let mut shapes: Vec<_> = REPEATED.iter().map(|part| (format!("{part:?} repeated"), repeated(part))).collect();
    shapes.extend([
        ("a deep list, then lines".to_owned(), "- ".repeat(half / 2) + &many_lines),
        ("a deep quote, then lines".to_owned(), "> ".repeat(half / 2) + &many_lines),
        ("a quote of 90 levels, then lines".to_owned(), "> ".repeat(90) + &many_lines),
        (
            "a table of 10 columns, short rows".to_owned(),
            "|a".repeat(10) + "\n" + &"|-".repeat(10) + "\n" + &"a\n".repeat(half - 50),
        ),
        ("a reference to a long title".to_owned(), format!("[a]: b '{title}'\n\n{}", "[a] ".repeat(half / 4 - 10))),
        (
            "many references".to_owned(),
            (0..half / 9).fold(String::new(), |text, n| text + &format!("[a{n}]: b\n[a{n}]\n\n")),
        ),
    ]);
    shapes.into_iter().map(|(name, markdown)| (name, markdown.chars().take(LENGTH).collect())).collect()
}

struct Cost {
    cpu: Duration,
    refusal: Option<String>,
}

/// Renders as saving a lesson does.
async fn cost(markdown: &str) -> Result<Cost> {
    let mut cpu = Duration::MAX;
    let mut refusal = None;
    for _ in 0..RUNS {
        let lesson =
            deserr::deserialize::<NewLesson, _, Faults>(json!({ "title": "A lesson", "markdown_content": markdown }));
        let lesson = lesson.map_err(|faults| anyhow!("{:?}", faults.of_body()))?;
        let before = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
        let rendered = lesson.render().await;
        let after = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
        cpu = cpu.min(Duration::from(after - before));
        refusal = match rendered {
            Ok(_) => None,
            Err(Error::Problem(problem)) => Some(problem.faults.first().context("a fault")?.code.to_owned()),
            Err(error) => return Err(anyhow!("{error:?}")),
        };
    }
    Ok(Cost { cpu, refusal })
}

fn print(name: &str, cost: &Cost, ordinary: &Cost) {
    let ratio = cost.cpu.as_secs_f64() / ordinary.cpu.as_secs_f64();
    let outcome = cost.refusal.as_deref().map_or("accepted".to_owned(), |code| format!("422 {code}"));
    println!("{name:<34} {:>8.2} {ratio:>10.1}  {outcome}", cost.cpu.as_secs_f64() * 1e3);
}
