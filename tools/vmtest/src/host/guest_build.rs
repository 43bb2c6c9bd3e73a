//! The project's own programs in the guest: built here, by the cargo that runs this program.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use vmtest::{Context, Result, bail};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.ancestors().nth(2).unwrap_or(&package).to_path_buf()
}

/// A program that was built.
#[derive(Debug, PartialEq, Eq)]
pub struct Built {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Builds the guest's program, the command and the examples.
pub fn build() -> Result<Vec<Built>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace())
        .args(["build", "--release", "-p", "vmtest", "-p", "barline-cli", "-p", "barline"])
        .args(["--bins", "--examples", "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo")?;
    if !output.status.success() {
        bail!("cargo build: {}", output.status);
    }
    let built = parse(&String::from_utf8_lossy(&output.stdout))?;
    for name in ["vmtest-guest", "barline"] {
        built.iter().find(|built| built.name == name).context(format_args!("no {name} built"))?;
    }
    Ok(built)
}

/// The programs among cargo's messages, without the runner itself.
fn parse(messages: &str) -> Result<Vec<Built>> {
    let mut programs = Vec::new();
    for line in messages.lines() {
        let message: serde_json::Value = serde_json::from_str(line).context("cargo's message")?;
        let (Some(path), Some(name)) =
            (message["executable"].as_str(), message["target"]["name"].as_str())
        else {
            continue;
        };
        if name != "vmtest" {
            programs.push(Built { name: name.into(), path: path.into() });
        }
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"barline"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"barline"},"executable":"/t/barline"}
{"reason":"compiler-artifact","target":{"name":"vmtest"},"executable":"/t/vmtest"}
{"reason":"build-finished","success":true}"#;
        let built = parse(messages).unwrap();
        assert_eq!(built, [Built { name: "barline".into(), path: "/t/barline".into() }]);
    }

    #[test]
    fn the_workspace_has_a_lock_file() {
        assert!(workspace().join("Cargo.lock").is_file());
    }
}
