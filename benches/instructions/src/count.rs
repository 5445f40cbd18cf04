//! Has the instructions counted: builds and runs `benches/hot_paths`, and reads what its runner prints.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::process::{Command, Stdio};

use instructions::WORKS;
use serde_json::Value;

/// Instructions by the names of works.
pub type Counts = BTreeMap<String, u64>;

/// The counts of all works, and of nothing else.
pub fn all() -> Result<Counts, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").ok_or("this is run by cargo, whose toolchain is counted")?;
    let bench = Command::new(cargo)
        .args(["bench", "--locked", "--bench", "hot_paths", "--", "--output-format=json", "--nosummary"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !bench.status.success() {
        return Err(format!("the works couldn't be counted: {}", bench.status).into());
    }
    let counts = read(&String::from_utf8(bench.stdout)?)?;
    match WORKS.iter().find(|work| !counts.contains_key(work.name)) {
        Some(work) => Err(format!("{}: wasn't counted", work.name).into()),
        None if counts.len() > WORKS.len() => Err("a benchmark isn't in the list of works".into()),
        None => Ok(counts),
    }
}

/// Reads the runner's summaries: a line of JSON a benchmark.
fn read(lines: &str) -> Result<Counts, Box<dyn Error>> {
    let mut counts = Counts::new();
    for line in lines.lines() {
        let summary: Value = serde_json::from_str(line)?;
        let name = summary["id"].as_str().ok_or("a benchmark has no id")?;
        let count = summary.pointer("/profiles/0/data/total/metrics/Ir/values/new").and_then(Value::as_u64);
        counts.insert(name.to_owned(), count.ok_or_else(|| format!("{name}: no count of instructions"))?);
    }
    Ok(counts)
}
