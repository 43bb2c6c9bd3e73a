//! Running `barline bench` as a user does.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;

/// A `barline bench` with these words, to be started.
pub fn bench(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_barline"));
    command.env_remove("RUST_LOG").arg("bench").args(words.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The line on standard error, without `barline: `; nothing on standard output.
pub fn failure(command: &mut Command, status: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(status), "{command:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{command:?}: {output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.matches('\n').count(), 1, "{command:?}: {stderr}");
    stderr.trim_end().strip_prefix("barline: ").unwrap().to_string()
}

/// The JSON of a run that ends well, of whose fields those that follow from others do.
pub fn figures(words: &str) -> Value {
    checked(bench(&format!("{words} --json")).output().unwrap())
}

/// The JSON of a run that has ended.
pub fn checked(output: Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    // A machine that is busy with something else may be worth a line about the device.
    assert!(
        output.status.success() && !stderr.contains("barline: "),
        "{}: {stderr}",
        output.status
    );
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |field: &str| {
        figures[field].as_f64().unwrap_or_else(|| panic!("no number `{field}`: {figures}"))
    };
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    let (mpps, size) = (number("mpps"), number("size"));
    assert!(close(number("packets"), mpps * 1e6 * number("elapsed_s")), "{figures}");
    assert!(close(number("gbps"), size * 8.0 * mpps / 1000.0), "{figures}");
    figures
}

/// A program that is killed when it is not needed any more.
pub struct Running(Option<Child>);

impl Running {
    /// Starts it.
    pub fn start(command: &mut Command) -> Running {
        Running(Some(command.spawn().unwrap()))
    }

    /// Its standard error, to be read while it runs.
    pub fn stderr(&mut self) -> ChildStderr {
        self.child().stderr.take().unwrap()
    }

    /// What Ctrl-C does.
    pub fn interrupt(&mut self) {
        let kill = format!("kill -INT {}", self.child().id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // Both fail when it has ended, which is as well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
