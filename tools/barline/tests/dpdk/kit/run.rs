//! A run of the preload library, and the adapter in it.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use softnic::Spec;
use tempfile::TempDir;

/// Held by the test that runs: each of them wants the whole machine.
static ONE: Mutex<()> = Mutex::new(());

/// An adapter that programs and this process share. One test at a time has one.
pub struct Run {
    spec: Spec,
    directory: TempDir,
    _one: MutexGuard<'static, ()>,
}

impl Run {
    /// A new adapter with these options, such as `vfs=2,uplink=sink`.
    #[track_caller]
    pub fn new(options: &str) -> Run {
        // A test that failed has left nothing behind that matters to the next one.
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = tempfile::tempdir().unwrap();
        let mut spec = Spec::parse(options).unwrap();
        spec.share = Some(directory.path().join("plane"));
        Run { spec, directory, _one: one }
    }

    /// What the adapter is like, as this process opens it.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The PCI address of a VF, as programs in the run see it.
    pub fn address(&self, vf: usize) -> String {
        format!("0000:01:10.{}", 2 * vf)
    }

    /// A program in the run.
    pub fn command(&self, program: &str) -> Command {
        Command::new(program)
    }
}
