//! `barline soft`: software adapters for programs that know nothing of them.
//!
//! [`exec`] runs a program that finds the VFs of a software adapter where the kernel would have them.
//! The others do to that adapter what the administrator of its PF can, while programs run: see
//! [`orders`].

pub mod exec;
pub mod orders;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use softvfio::run::{Run, RunView};

use crate::output::{Output, complain};

/// What is to be done.
#[derive(Subcommand)]
pub enum Soft {
    /// Run a program that finds a software adapter's VFs in /sys and /dev/vfio.
    ///
    /// They are 0000:01:10.0, 0000:01:10.2 and so on, bound to vfio-pci, and `barline list` shows them.
    /// The programs that it starts find the same adapter; another `soft exec` has another one.
    /// The exit status is the program's: 127 if there is none such, 126 if it cannot be run, and 125 if
    /// there can be no adapter.
    Exec(exec::Args),
    /// Reset the PF, or take its interface down or up.
    Pf {
        /// What happens to it.
        #[arg(value_enum)]
        state: orders::PfState,
        #[command(flatten)]
        run: Which,
    },
    /// Take the link of the wire down or up.
    Link {
        /// What happens to it.
        #[arg(value_enum)]
        state: orders::LinkState,
        #[command(flatten)]
        run: Which,
    },
    /// Change what the PF has set for a VF, as `ip link set … vf …` does.
    Set {
        #[command(flatten)]
        set: orders::Setting,
        #[command(flatten)]
        run: Which,
    },
}

/// Which run.
#[derive(clap::Args)]
pub struct Which {
    /// The run's directory, as BARLINE_SOFT names it to the programs in it; by default that which this
    /// command is in.
    #[arg(long = "run", value_name = "DIR", env = softvfio::run::VARIABLE, hide_env = true)]
    dir: Option<PathBuf>,
}

impl Which {
    fn open(&self) -> Result<RunView, orders::Refused> {
        let outside = "this is in no run, and none is named: use it in a program under \
                       `barline soft exec`, or with --run=DIR";
        let dir = self.dir.as_deref().filter(|dir| !dir.as_os_str().is_empty());
        let dir = dir.ok_or_else(|| orders::Refused::Usage(outside.into()))?;
        Ok(Run::open(dir)?)
    }
}

/// Runs it.
pub fn run(command: Soft, root: &Path, output: Output) -> ExitCode {
    let (order, run) = match command {
        Soft::Exec(_) if !output.is_text() => {
            let problem = "soft exec: `--json`: the answer is PROGRAM's: write it behind PROGRAM";
            complain(&format!("{problem} (see `barline soft exec --help`)"));
            return ExitCode::from(2);
        }
        Soft::Exec(args) => return exec::run(root, &args),
        Soft::Pf { state, run } => (orders::Order::Pf(state), run),
        Soft::Link { state, run } => (orders::Order::Link(state), run),
        Soft::Set { set, run } => (orders::Order::Set(set), run),
    };
    match run.open().and_then(|run| orders::carry_out(&run, &order, output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(orders::Refused::Usage(problem)) => {
            complain(&format!("{problem} (see `barline soft --help`)"));
            ExitCode::from(2)
        }
        Err(orders::Refused::Failed(problem)) => {
            complain(&problem);
            ExitCode::from(1)
        }
    }
}
