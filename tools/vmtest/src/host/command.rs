//! Programs that the runner starts on the host.

use std::process::{Command, Stdio};
use vmtest::{Context, Result, bail};

/// Runs a program without a word from it, unless it fails: then its last lines are in the error.
pub fn quiet(command: &mut Command) -> Result {
    output(command).map(|_| ())
}

/// Runs a program and returns what it prints on its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let title = title(command);
    let output = command.stdin(Stdio::null()).output().context(format_args!("`{title}`"))?;
    if !output.status.success() {
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        let lines: Vec<_> = text.trim().lines().collect();
        let last = lines[lines.len().saturating_sub(40)..].join("\n");
        bail!("`{title}`: {}:\n{last}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn title(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
