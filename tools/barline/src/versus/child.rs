//! The process that measures our driver: this program once more, started by `versus` in a run.

use std::process::ExitCode;
use std::time::Instant;

use barline_benches::versus::child;

use crate::output::complain;

/// What it is told.
#[derive(clap::Args)]
pub struct Args {
    /// A `ChildConfig` as JSON.
    config: String,
}

/// Measures as its parent says on standard input.
pub fn run(args: &Args, begun: Instant) -> ExitCode {
    match child::run(&args.config, begun) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("versus-child: {error}"));
            ExitCode::from(1)
        }
    }
}
