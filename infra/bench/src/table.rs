//! The printed table: one row a function, times in milliseconds, sizes and memory in megabytes.

use crate::measure::Figures;
use crate::package::Package;

/// The columns after the name; a cell is as wide as its heading, and what is not known is `-`.
const HEADINGS: [&str; 9] =
    ["binary MB", "zip MB", "first ms", " p50 ms", " p99 ms", " CPU ms", "peak MB", "last MB", "status"];

pub struct Table {
    name_width: usize,
}

impl Table {
    pub fn wide_enough_for(names: &[String]) -> Self {
        let longest = names.iter().map(String::len).max().unwrap_or_default();
        Self { name_width: longest.max("(reference)".len()) }
    }

    pub fn header(&self) -> String {
        self.line("function", &HEADINGS.map(str::to_owned))
    }

    pub fn row(&self, name: &str, package: Option<&Package>, figures: Option<&Figures>) -> String {
        let mut cells = HEADINGS.map(|_| "-".to_owned());
        let [binary, zip, first, p50, p99, cpu, peak, last, status] = &mut cells;
        if let Some(package) = package {
            *binary = megabytes(package.binary);
            *zip = megabytes(package.zip);
        }
        if let Some(figures) = figures {
            *first = format!("{:.2}", figures.first_answer.as_secs_f64() * 1e3);
            *p50 = format!("{:.3}", figures.warm_p50.as_secs_f64() * 1e3);
            *p99 = format!("{:.3}", figures.warm_p99.as_secs_f64() * 1e3);
            *cpu = format!("{:.3}", figures.warm_cpu.as_secs_f64() * 1e3);
            *peak = megabytes(figures.memory.peak);
            *last = megabytes(figures.memory.now);
            *status = figures.statuses.to_string();
        }
        self.line(name, &cells)
    }

    fn line(&self, name: &str, cells: &[String; HEADINGS.len()]) -> String {
        let cells = cells.iter().zip(HEADINGS);
        let cells: Vec<String> = cells.map(|(cell, heading)| format!("{cell:>0$}", heading.len())).collect();
        format!("{name:0$}  {1}", self.name_width, cells.join("  "))
    }
}

/// Megabytes of 10^6 bytes, as the budgets count them, to two places.
fn megabytes(bytes: u64) -> String {
    let hundredths = (bytes + 5_000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
