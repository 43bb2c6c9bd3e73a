//! Tests that run inside a run: the test starts its own binary once more with the library preloaded,
//! to run the same test there.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use softnic::Spec;
use softvfio::run::{Run, RunView};

/// What a line begins with that is for the test outside.
const MARK: &str = "@@ ";

/// Runs `body` as a program of a run of an adapter with these options. `test` is the calling test's full
/// name.
#[track_caller]
pub fn inside(test: &str, options: &str, body: impl FnOnce()) {
    inside_with(test, options, &[], body, |_, word| panic!("nobody listens: {word}"));
}

/// The same with further variables in its environment, where `outside` hears what the body
/// [tells](tell), in this process and with the run in hand. Returns whether this is that process.
#[track_caller]
pub fn inside_with(
    test: &str,
    options: &str,
    environment: &[(&str, &OsStr)],
    body: impl FnOnce(),
    mut outside: impl FnMut(&mut Run, &str),
) -> bool {
    if RunView::of_this_program().is_some() {
        body();
        return false;
    }
    let mut run = Run::create(&options.parse::<Spec>().unwrap()).unwrap();
    let mut command = run.command(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    // One heap for all threads: what is mapped for another one would look like a leak.
    command.env("MALLOC_ARENA_MAX", "1").envs(environment.iter().copied());
    let mut child = Killed(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    for line in BufReader::new(child.0.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.split_once(MARK) {
            Some((_, word)) => outside(&mut run, word),
            None => said += &(line + "\n"),
        }
    }
    let status = child.0.wait().unwrap();
    assert!(status.success(), "inside, {test} ended with {status}:\n{said}");
    assert!(said.contains("test result: ok. 1 passed"), "no test {test} inside:\n{said}");
    true
}

/// Says a word to the test outside.
pub fn tell(word: &str) {
    println!("\n{MARK}{word}");
}

/// A program that does not outlive the test.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
