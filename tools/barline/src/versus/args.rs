//! What the user may say.

use std::path::PathBuf;

use barline_benches::versus::parent::SECONDS;

/// What `barline versus` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Sweep burst, ring, size, queues and VFs, too, and measure rates, latency and starts: some four minutes.
    #[arg(long)]
    pub full: bool,
    /// Write a report to DIR/versus.html, a page that needs no other file.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// The core that is measured, and another one that moves the device where that matters, such as
    /// `--cores 2,3`; by default the first two that this process may use.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub cores: Vec<usize>,
    /// How long each row is measured, 0.01 or more; a point of a sweep half as long.
    #[arg(long, value_name = "S", default_value_t = SECONDS, value_parser = seconds)]
    pub seconds: f64,
}

/// An hour a row.
const LONGEST: f64 = 3600.0;

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.01..=LONGEST).contains(&value) => Ok(value),
        _ => Err("expected seconds, 0.01 to 3600".to_string()),
    }
}
