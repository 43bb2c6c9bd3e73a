//! Standard output and standard error.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The library said no.
    Barline(barline::Error),
    /// The answer could not be written.
    Output(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Barline(error) => error.fmt(f),
            Failure::Output(error) => write!(f, "writing to standard output: {error}"),
        }
    }
}

impl From<barline::Error> for Failure {
    fn from(error: barline::Error) -> Failure {
        Failure::Barline(error)
    }
}

/// Where a command's answer goes, and in which form.
#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON, or else text.
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether answers are text.
    pub fn is_text(self) -> bool {
        !self.json
    }

    /// Writes an answer: its fields as JSON on one line, or its text.
    pub fn answer<T: Serialize + fmt::Display>(self, answer: &T) -> Result<(), Failure> {
        let text = if self.json {
            let json = serde_json::to_string(answer).map_err(io::Error::from);
            json.map_err(Failure::Output)? + "\n"
        } else {
            answer.to_string()
        };
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            // The reader has what it wanted, as in `barline list | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(Failure::Output),
        }
    }
}

/// Says on standard error what is wrong, in one line.
pub fn complain(problem: &str) {
    let line: Vec<&str> = problem.lines().map(str::trim).collect();
    // With standard error closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "barline: {}", line.join(" "));
}
