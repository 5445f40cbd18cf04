//! What was found: a line on the console as soon as it is known, and Markdown in the end.

use std::fmt::Write;
use std::process::Command;

use crate::harness::Cell;

/// The executors, in the order of columns. Others that a work has stand behind them.
const EXECUTORS: [&str; 6] = ["framestep", "nexus", "embassy", "async-executor", "futures", "tokio"];
const OURS: &str = EXECUTORS[0];

/// The results of a work.
pub struct Table {
    pub name: &'static str,
    /// What the work is and how it is measured, for readers of the table.
    about: &'static str,
    /// What the cells count.
    pub unit: &'static str,
    pub rows: Vec<Row>,
}

/// One line of a table: one size, and one figure if the work has several.
pub struct Row {
    pub label: String,
    pub size: usize,
    pub cells: Vec<Cell>,
}

impl Row {
    pub fn cell(&self, rival: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.rival == rival)
    }

    /// A rival's value as a multiple of ours.
    fn ratio(&self, rival: &str) -> Option<f64> {
        Some(self.cell(rival)?.value / self.cell(OURS)?.value)
    }
}

impl Table {
    pub fn new(name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Table { name, about, unit, rows: Vec::new() }
    }

    /// Adds a row, and prints it.
    pub fn push(&mut self, label: impl Into<String>, size: usize, cells: Vec<Cell>) {
        let row = Row { label: label.into(), size, cells };
        for cell in &row.cells {
            let Table { name, unit, .. } = self;
            let ratio = row.ratio(cell.rival).map_or_else(String::new, times);
            println!(
                "{name:<16} {:<26} {:<20} {:>10} {unit:<6} {ratio:>9} {:>9} alloc",
                row.label,
                cell.rival,
                number(cell.value),
                number(cell.allocations),
            );
        }
        self.rows.push(row);
    }

    /// Its columns: all executors, then what else its rows have.
    pub fn columns(&self) -> Vec<&'static str> {
        let mut columns = EXECUTORS.to_vec();
        for cell in self.rows.iter().flat_map(|row| &row.cells) {
            if !columns.contains(&cell.rival) {
                columns.push(cell.rival);
            }
        }
        columns
    }

    fn markdown(&self, text: &mut String) {
        let Table { name, about, unit, .. } = self;
        let columns = self.columns();
        _ = writeln!(text, "\n## {name}\n\n{about}\n");
        _ = writeln!(text, "| {unit} | {} |", columns.join(" | "));
        _ = writeln!(text, "|---|{}", "---:|".repeat(columns.len()));
        for row in &self.rows {
            let cells = columns.iter().map(|rival| match (row.cell(rival), row.ratio(rival)) {
                (Some(cell), _) if *rival == OURS => format!("**{}**", number(cell.value)),
                (Some(cell), Some(ratio)) => format!("{} ({})", number(cell.value), times(ratio)),
                (Some(cell), None) => number(cell.value),
                (None, _) => "–".to_owned(),
            });
            _ = writeln!(text, "| {} | {} |", row.label, cells.collect::<Vec<_>>().join(" | "));
        }
        self.allocations(text);
    }

    /// Who allocates, and how often a unit, at the work's largest size.
    fn allocations(&self, text: &mut String) {
        let mut who = Vec::new();
        for rival in self.columns() {
            let most = self.rows.iter().filter_map(|row| row.cell(rival)).map(|cell| cell.allocations);
            let most = most.fold(0.0, f64::max);
            if most >= 0.005 {
                who.push(format!("{rival} {most:.2}"));
            }
        }
        let who = if who.is_empty() { "none".to_owned() } else { who.join(", ") };
        _ = writeln!(text, "\nAllocations a unit, the most of any row: {who}.");
    }
}

/// A value with as many digits as mean something.
pub fn number(value: f64) -> String {
    match value {
        _ if value >= 999.5 => thousands(value.round() as u64),
        _ if value >= 99.95 => format!("{value:.0}"),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn times(ratio: f64) -> String {
    if ratio < 99.5 { format!("×{ratio:.2}") } else { format!("×{}", number(ratio)) }
}

pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub fn markdown(tables: &[Table]) -> String {
    let mut text = String::from(
        "# framestep beside other executors\n\n\
         Written by `cargo run --release` in `benches/rivals`; how each rival is used stands in `src/rivals` there.\n\
         Medians over rounds in which the rivals take turns, in one process. **Only ratios mean something**: ×2 is twice\n\
         what framestep takes, ×0.5 half of it. A dash: it can't do that, or not without breaking. The floors and limits\n\
         aren't executors: they say what the work costs without one.\n",
    );
    _ = writeln!(text, "\nMachine: {}; {}.", processor(), compiler());
    for table in tables {
        table.markdown(&mut text);
    }
    text
}

fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.map_or("unknown processor", |(_, model)| model))
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    version
        .map_or_else(|_| "unknown rustc".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
