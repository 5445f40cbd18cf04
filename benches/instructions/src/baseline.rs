//! The committed counts.

use std::error::Error;
use std::fs;

use serde::{Deserialize, Serialize};

use crate::BLESS;
use crate::count::Counts;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.toml");

#[derive(Debug, Deserialize, Serialize)]
pub struct Baseline {
    /// The compiler whose code was counted.
    pub rustc: String,
    pub counts: Counts,
}

impl Baseline {
    pub fn read() -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(PATH).map_err(|error| format!("{PATH}: {error}; it is written by\n  {BLESS}"))?;
        Ok(toml::from_str(&text)?)
    }

    pub fn write(&self) -> Result<(), Box<dyn Error>> {
        let counts = toml::to_string(self)?;
        fs::write(PATH, format!("# Instructions that each work takes. Written by\n# {BLESS}\n\n{counts}"))?;
        println!("\nwritten: {PATH}");
        Ok(())
    }
}
