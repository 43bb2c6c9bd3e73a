//! `barline soft exec`: a program with a software adapter of its own.
//!
//! The program stays in this one's process group, so that the terminal, and a shell's job control, see
//! it as if it had been started without. See [`supervise`] for signals and the end.

mod blind;
mod child;
mod supervise;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use barline_device::{BadName, DeviceName};
use softnic::{Spec, SpecError};
use softvfio::run::Run;
use supervise::{End, Trouble, supervise};

use crate::output::complain;

/// The status when there can be no adapter, as of env(1) when it fails itself.
const NO_ADAPTER: u8 = 125;
/// The program is there, and cannot be run.
const NOT_EXECUTABLE: u8 = 126;
/// There is no such program.
const NOT_FOUND: u8 = 127;

/// What to run, with which adapter.
#[derive(clap::Args)]
pub struct Args {
    /// The adapter, such as soft:vfs=4,uplink=gen: a device string without `vf=` and `share=`.
    #[arg(long = "soft", value_name = "SPEC", default_value = "soft", value_parser = adapter)]
    spec: Spec,
    /// The program.
    #[arg(value_name = "PROGRAM")]
    program: OsString,
    /// Its arguments.
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs it, and ends as it ends.
pub fn run(root: &Path, args: &Args) -> ExitCode {
    let failed = |status, problem: String| {
        complain(&format!("soft exec: {problem}"));
        ExitCode::from(status)
    };
    let places = [root.join("dev/shm"), std::env::temp_dir()];
    let run = match Run::create_in(&places, &args.spec) {
        Ok(run) => run,
        Err(error) => return failed(NO_ADAPTER, error.to_string()),
    };
    let shown = args.program.display();
    if let Some(why) = blind::why(&args.program) {
        complain(&format!("soft exec: `{shown}` {why}, and sees nothing of the adapter"));
    }
    let mut command = run.command(&args.program);
    command.args(&args.arguments);
    let ended = supervise(command);
    drop(run);
    match ended {
        Ok(End::Exit(status)) => ExitCode::from(status),
        Ok(End::Signal(number)) => ExitCode::from(child::die_of(number)),
        Err(Trouble::Start(error)) if error.kind() == io::ErrorKind::NotFound => {
            failed(NOT_FOUND, format!("there is no program `{shown}`: {error}"))
        }
        Err(Trouble::Start(error)) => {
            failed(NOT_EXECUTABLE, format!("`{shown}` cannot be run: {error}"))
        }
        Err(Trouble::Watch(error)) => failed(NO_ADAPTER, format!("watching `{shown}`: {error}")),
    }
}

/// An adapter that is to be the run's own.
fn adapter(text: &str) -> Result<Spec, String> {
    let name: DeviceName = text.parse().map_err(|error: BadName| error.to_string())?;
    let Some((spec, _)) = name.as_soft() else {
        return Err(format!(
            "`{text}` is a device of this machine, which programs find without `soft exec`: expected \
             `soft`, with or without options such as soft:vfs=4,uplink=gen"
        ));
    };
    let refused = |key: &str, why: &str| {
        let given = text.split([':', ',']).find_map(|option| option.strip_prefix(key));
        given.map(|value| {
            let key = key.trim_end_matches('=').to_string();
            let error = SpecError { key, value: value.to_string(), allowed: why.to_string() };
            Err(error.to_string())
        })
    };
    refused("vf=", "not here, since the program finds all VFs; vfs= says how many there are")
        .or_else(|| {
            refused("share=", "not here, since the programs of a run share an adapter of its own")
        })
        .unwrap_or_else(|| Ok(spec.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_is_a_device_string_without_what_the_run_decides() {
        assert_eq!(adapter("soft"), Ok(Spec::default()));
        let four = Spec { vfs: 4, ..Spec::default() };
        assert_eq!(adapter("soft:vfs=4"), Ok(four));
        for (text, words) in [
            ("soft:vfs=4,vf=1", "`vf=1`: not here"),
            ("soft:vf=0", "`vf=0`: not here"),
            ("soft:share=/tmp/x", "`share=/tmp/x`: not here"),
            ("soft:vfs=64", "`vfs=64`: "),
            ("0000:01:10.0", "a device of this machine"),
            ("vfs=4", "`vfs=4` is no device"),
        ] {
            let error = adapter(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
