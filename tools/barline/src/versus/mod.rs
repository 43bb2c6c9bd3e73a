//! `barline versus`: what a frame costs our driver, beside DPDK's, on the same device in the same run.
//!
//! With `--json` there is one object, whose fields are those of
//! [`Results`](barline_benches::versus::rows::Results). Figures are cycles of the time stamp counter for
//! each frame, of the driver's calls alone. `dpdk`, `ratio` and `paired` are null where DPDK did not run;
//! standard error says why then, and the exit status is 0 all the same. It is 1 when something failed: a
//! row that did is not among `rows`, and `failures` says why.

mod args;
pub mod child;
mod cores;
mod dpdk;
mod notes;
mod text;

use std::path::Path;
use std::process::{Command, ExitCode};

use barline_benches::versus::parent::{self, Setting};
use barline_benches::versus::protocol::ChildConfig;
use barline_benches::versus::report;
use softvfio::run::Run;

pub use args::Args;

use crate::bench::{Stop, say};
use crate::output::{Output, complain};
use text::Answer;

/// Measures, and writes what was found.
pub fn run(root: &Path, output: Output, args: &Args) -> ExitCode {
    let cores = match cores::choose(&args.cores, barline::cores::allowed()) {
        Ok(cores) => cores,
        Err(problem) => {
            complain(&format!("{problem} (see `barline versus --help`)"));
            return ExitCode::from(2);
        }
    };
    match measure(root, output, args, cores) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            failures.iter().for_each(|failure| complain(&format!("versus: {failure}")));
            ExitCode::from(1)
        }
        Err(problem) => {
            complain(&format!("versus: {problem}"));
            ExitCode::from(1)
        }
    }
}

/// Measures, and answers; says what failed.
fn measure(
    root: &Path,
    output: Output,
    args: &Args,
    (core, other_core): cores::Cores,
) -> Result<Vec<String>, String> {
    let stop = Stop::listen().map_err(|error| format!("listening for Ctrl-C: {error}"))?;
    let places = vec![root.join("dev/shm"), std::env::temp_dir()];
    let program = dpdk::prepare(&places);
    let missing = match &program {
        Ok(_) => None,
        Err(missing) => {
            complain(&format!("versus: ours alone: {missing}"));
            Some(missing.clone())
        }
    };
    let this = std::env::current_exe().map_err(|error| format!("finding this program: {error}"))?;
    let ours = |run: &Run, config: &ChildConfig| child(&this, run, config);
    let theirs = program.ok();
    let theirs =
        theirs.as_ref().map(|dpdk| |run: &Run, config: &ChildConfig| dpdk.command(run, config));
    let setting = Setting {
        ours: &ours,
        dpdk: theirs.as_ref().map(|theirs| theirs as &parent::Program<'_>),
        core,
        other_core,
        places,
        full: args.full,
        seconds: args.seconds,
        stopped: &|| stop.asked(),
        progress: &|what| say(&format!("versus: {what}")),
    };
    let mut results = parent::measure(&setting).map_err(|problem| problem.to_string())?;
    results.notes = notes::notes(&results, &setting, missing.as_deref());
    let answer = Answer(results);
    output.answer(&answer).map_err(|failure| failure.to_string())?;
    if let Some(dir) = &args.report {
        let page = report::write(dir, &answer.0).map_err(|error| format!("the report: {error}"))?;
        say(&format!("versus: the report is {}", page.display()));
    }
    Ok(answer.0.failures)
}

/// This program once more, to measure our driver in a run.
fn child(this: &Path, run: &Run, config: &ChildConfig) -> Command {
    // Plain data of numbers and text always has a form.
    let config = serde_json::to_string(config).unwrap_or_default();
    let mut command = run.command(this);
    command.args(["versus-child", &config]);
    command
}
