//! DPDK's program, compiled for this machine and kept as long as it is used.

use std::path::{Path, PathBuf};
use std::process::Command;

use barline_benches::versus::dpdk::Program;
use barline_benches::versus::protocol::ChildConfig;
use nix::sys::statvfs::{FsFlags, statvfs};
use softnic::Spec;
use softvfio::run::Run;

/// The program, in the directory of a run that nobody is in: what a killed process leaves of it, the next
/// one removes.
pub struct Dpdk {
    program: Program,
    _home: Run,
}

/// Compiles it; says what is missing for that, and the remedy.
pub fn prepare(places: &[PathBuf]) -> Result<Dpdk, String> {
    // Those whose programs run come first.
    let mut places = places.to_vec();
    places.sort_by_key(|place| !runs_programs(place));
    let home = Run::create_in(&places, &Spec::default()).map_err(|error| error.to_string())?;
    let program = Program::compile(&home.view().dir).map_err(|missing| missing.to_string())?;
    Ok(Dpdk { program, _home: home })
}

fn runs_programs(place: &Path) -> bool {
    statvfs(place).is_ok_and(|about| !about.flags().contains(FsFlags::ST_NOEXEC))
}

impl Dpdk {
    /// As a child in a run.
    pub fn command(&self, run: &Run, config: &ChildConfig) -> Command {
        self.program.command(run, config)
    }
}
