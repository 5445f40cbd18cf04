//! The counts, to be read.

use instructions::WORKS;

use crate::count::Counts;
use crate::limit;

pub fn print(counts: &Counts, baseline: Option<&Counts>) {
    println!(
        "\n{:<16} {:<17} {:>8} {:>12} {:>12} {:>9} {:>12}",
        "work", "unit", "a unit", "instructions", "baseline", "change", "limit"
    );
    for work in WORKS {
        let count = counts[work.name];
        let each = count as f64 / work.times as f64;
        print!("{:<16} {:<17} {each:>8.1} {count:>12}", work.name, work.unit);
        match baseline.and_then(|baseline| baseline.get(work.name)) {
            Some(&before) => {
                let change = 100.0 * (count as f64 / before as f64 - 1.0);
                println!(" {before:>12} {change:>+7.2} % {:>12}", limit(before));
            }
            None => println!(" {:>12} {:>9} {:>12}", "-", "-", "-"),
        }
    }
}
