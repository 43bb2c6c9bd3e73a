//! The guest's program: process 1, the body of each test, and the helpers that tests start.

mod channel;
mod demo;
mod hang;
mod host;
mod hugepages;
mod init;
mod job;
mod netns;
mod pf;
mod program;
mod running;
mod selftest;
mod sys;
mod tamper;
mod testpmd;
mod tests;
mod traffic;
mod vf;

use std::process::ExitCode;
use vmtest::{Context, Result};

/// Where the body of a test leaves the reason for its failure, for process 1 to report.
const REASON: &str = "/run/reason";

fn main() -> ExitCode {
    if std::process::id() == 1 {
        init::run();
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test", name] => run_test(name),
        ["worker", name, ..] => run_worker(name, &args[2..]),
        ["demo"] => demo::run(),
        _ => Err(vmtest::Error::new("this program runs inside the test guest; use `vmtest`")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            // Outside the guest there is nobody to read it.
            let _ = std::fs::write(REASON, error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run_test(name: &str) -> Result {
    let test = tests::TESTS.iter().chain(selftest::TESTS).find(|test| test.name == name);
    (test.context(format_args!("no test `{name}` in the guest"))?.body)()
}

fn run_worker(name: &str, args: &[String]) -> Result {
    let worker = tests::WORKERS.iter().find(|worker| worker.name == name);
    (worker.context(format_args!("no worker `{name}` in the guest"))?.body)(args)
}
