//! What the terminal shows.

use crate::interrupt;
use crate::kernel::Kernel;
use crate::session::{Mode, Run};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use vmtest::Result;
use vmtest::spec::{Spec, TESTS};

/// How many lines of the console a failure shows.
const TAIL: usize = 40;

/// Prints the table of tests.
pub fn list() {
    let width = TESTS.iter().map(|spec| spec.name.len()).max().unwrap_or(0);
    for spec in TESTS {
        let kernels = if spec.both_kernels { "small debian" } else { "small" };
        println!("{:width$}  {kernels:12}  {}", spec.name, spec.about);
    }
}

/// Says that a test begins.
pub fn start(spec: &Spec, kernel: Kernel) {
    println!("=== {} on {kernel}: {}", spec.name, spec.about);
}

/// Passes on what a guest prints.
pub struct Printer {
    indent: bool,
    at_line_start: bool,
    log: File,
}

impl Printer {
    /// For that mode: a test's output is indented, the demonstration's comes as it is.
    pub fn new(mode: Mode, log: File) -> Self {
        Self { indent: mode == Mode::Test, at_line_start: true, log }
    }

    /// Prints a piece of output.
    pub fn print(&mut self, text: &str) {
        let mut shown = String::new();
        for piece in text.split_inclusive('\n') {
            if self.at_line_start && self.indent {
                shown.push_str("    ");
            }
            shown.push_str(piece);
            self.at_line_start = piece.ends_with('\n');
        }
        write(&shown);
        // A full disk must not end the run.
        let _ = self.log.write_all(text.as_bytes());
    }

    /// Ends a line that the guest has left open.
    pub fn end(&mut self) {
        if !self.at_line_start {
            write("\n");
        }
    }
}

/// Writes to standard output; that nobody reads it any more is no reason to fail.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// The counts of several runs.
#[derive(Default)]
pub struct Summary {
    passed: usize,
    failed: Vec<String>,
    /// Runs that the emulator has spoilt, and why.
    lost: Vec<String>,
    /// Whether the user broke it off.
    pub interrupted: bool,
}

impl Summary {
    /// Counts a run, and tells how it went.
    pub fn add(&mut self, spec: &Spec, kernel: Kernel, outcome: Result<Run>) {
        let title = format!("{} on {kernel}", spec.name);
        let lost = outcome.iter().flat_map(|run| &run.lost);
        self.lost.extend(lost.map(|reason| format!("{title}: {}", first_line(reason))));
        let reason = match outcome {
            Ok(Run { failure: None, elapsed, .. }) => {
                println!("--- passed: {title}, {:.1} s", elapsed.as_secs_f64());
                self.passed += 1;
                return;
            }
            Ok(Run { failure: Some(reason), elapsed, logs, .. }) => {
                println!("--- failed: {title}, {:.1} s: {reason}", elapsed.as_secs_f64());
                if !interrupt::seen() {
                    show_console(&logs);
                }
                // The rest is above.
                first_line(&reason).to_string()
            }
            Err(error) => {
                println!("--- failed: {title}: {error}");
                error.to_string()
            }
        };
        self.failed.push(format!("{title}: {reason}"));
    }

    /// Prints the end; whether all was well.
    pub fn close(&self) -> bool {
        println!();
        for lost in &self.lost {
            println!("run again, the emulator failed by itself: {lost}");
        }
        for failure in &self.failed {
            println!("failed: {failure}");
        }
        if self.interrupted {
            println!("interrupted: not every test was run");
        }
        println!("{}", self.line());
        self.failed.is_empty() && !self.interrupted && self.passed > 0
    }

    fn line(&self) -> String {
        format!("{} passed, {} failed", self.passed, self.failed.len())
    }
}

/// Tells how the demonstration went; whether well.
pub fn demo(run: &Run) -> bool {
    match &run.failure {
        // Who broke it off knows why, and needs no console.
        Some(_) if interrupt::seen() => println!("interrupted"),
        Some(reason) => {
            println!("the demonstration failed: {reason}");
            show_console(&run.logs);
        }
        None => {}
    }
    run.failure.is_none()
}

fn show_console(logs: &Path) {
    let path = logs.join("console.log");
    let text = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_default();
    for line in tail(&text, TAIL) {
        println!("    {line}");
    }
    println!("    the whole console: {}", path.display());
    let qemu = logs.join("qemu.log");
    // That a cable ends nowhere is so by design, and QEMU says it each time.
    let said = fs::read_to_string(&qemu).unwrap_or_default();
    if said.lines().any(|line| !line.contains("is not connected to host network")) {
        println!("    what QEMU says: {}", qemu.display());
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn tail(text: &str, count: usize) -> Vec<&str> {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_closing_line_is_fixed() {
        let summary = Summary { passed: 3, failed: vec!["x".into()], ..Summary::default() };
        assert_eq!(summary.line(), "3 passed, 1 failed");
        assert!(!summary.close());
    }

    #[test]
    fn a_run_that_the_emulator_has_spoilt_is_remembered_beside_the_one_that_counts() {
        let spec = Spec::new("boot", "");
        let mut summary = Summary::default();
        let run = Run {
            failure: None,
            elapsed: Duration::ZERO,
            logs: PathBuf::new(),
            emulator_fault: false,
            lost: vec!["it hung\nfor long".into(), "it aborted".into()],
        };
        summary.add(&spec, Kernel::Small, Ok(run));
        assert_eq!(summary.lost, ["boot on small: it hung", "boot on small: it aborted"]);
        assert_eq!(summary.line(), "1 passed, 0 failed");
    }

    #[test]
    fn nothing_run_is_no_success() {
        assert!(!Summary::default().close());
    }

    #[test]
    fn the_tail_is_the_end() {
        assert_eq!(tail("a\nb\nc\n", 2), ["b", "c"]);
        assert_eq!(tail("a", 40), ["a"]);
    }
}
