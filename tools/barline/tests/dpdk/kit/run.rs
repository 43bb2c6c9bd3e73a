//! A run of the preload library, and the adapter in it.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use softnic::{Administrator, Spec};
use softvfio::topology;

/// Held by the test that runs: each of them wants the whole machine.
static ONE: Mutex<()> = Mutex::new(());

/// An adapter that programs and this process share. One test at a time has one.
pub struct Run {
    run: softvfio::run::Run,
    // Let go of when the run has ended.
    _turn: MutexGuard<'static, ()>,
}

impl Run {
    /// A new adapter with these options, such as `vfs=2,uplink=sink`.
    #[track_caller]
    pub fn new(options: &str) -> Run {
        let turn = Run::turn();
        let spec = Spec::parse(options).unwrap();
        Run { run: softvfio::run::Run::create(&spec).unwrap(), _turn: turn }
    }

    /// Waits for a test's turn, which it has as long as it keeps this: for one that has no run.
    pub fn turn() -> MutexGuard<'static, ()> {
        // A test that failed has left nothing behind that matters to the next one.
        ONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the adapter is like, as this process and the programs in the run open it.
    pub fn spec(&self) -> &Spec {
        &self.run.view().spec
    }

    /// The PCI address of a VF, as programs in the run see it.
    pub fn address(&self, vf: usize) -> String {
        topology::vf_address(vf)
    }

    /// A program in the run.
    pub fn command(&self, program: &str) -> Command {
        self.run.command(program)
    }

    /// What the administrator of the adapter's PF can do.
    pub fn administrator(&mut self) -> &mut Administrator {
        self.run.administrator()
    }
}
