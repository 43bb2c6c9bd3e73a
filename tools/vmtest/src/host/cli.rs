//! The command line.

use crate::kernel::Kernel;
use crate::prepare::{Prepared, prepare};
use crate::report::{self, Summary};
use crate::session::{self, Mode, Run};
use crate::{interrupt, shell};
use clap::{CommandFactory, Parser, Subcommand};
use vmtest::Result;
use vmtest::spec::{self, SELF_TESTS, Spec, TESTS, Topology};

/// Runs barline's tests in a QEMU guest with real SR-IOV VFs behind an emulated IOMMU.
#[derive(Debug, Parser)]
#[command(name = "vmtest", disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    action: Action,
    /// Multiply every time limit, for a slow or busy machine.
    #[arg(long, global = true, default_value_t = 1.0, value_parser = scale)]
    timeout_scale: f64,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the tests.
    List,
    /// Run the tests of these names.
    Run {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
        /// The guest's kernel.
        #[arg(long, value_enum, default_value_t = Kernel::Small)]
        kernel: Kernel,
    },
    /// Run every test on the small kernel, and those that are for both on Debian's too.
    All {
        /// Only on this kernel.
        #[arg(long, value_enum)]
        kernel: Option<Kernel>,
    },
    /// Install packages, build kernels and programs, and stop there.
    Prepare {
        /// Only for this kernel.
        #[arg(long, value_enum)]
        kernel: Option<Kernel>,
    },
    /// Test the runner itself: guests that hang, crash and fail must be found out.
    Selftest,
    /// A shell in the guest, on this terminal; leave it with `exit`.
    Shell {
        /// The guest's kernel.
        #[arg(long, value_enum, default_value_t = Kernel::Small)]
        kernel: Kernel,
        /// How many PFs the guest has.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
        pfs: u8,
        /// Root ports without ACS: a PF and its VFs share a group.
        #[arg(long)]
        no_acs: bool,
        /// No IOMMU.
        #[arg(long)]
        no_iommu: bool,
        /// An IOMMU that does not remap interrupts.
        #[arg(long)]
        no_intremap: bool,
    },
    /// Real frames between two VFs in the guest, with live figures.
    Demo {
        /// The guest's kernel.
        #[arg(long, value_enum, default_value_t = Kernel::Small)]
        kernel: Kernel,
    },
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.1..=100.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0.1 to 100".into()),
    }
}

/// Does what the command line says; whether that was a success.
pub fn run(cli: &Cli) -> Result<bool> {
    match &cli.action {
        Action::List => {
            report::list();
            Ok(true)
        }
        Action::Run { names, kernel } => {
            let specs = chosen(names);
            let mut summary = Summary::default();
            run_tests(&prepare(*kernel)?, &specs, cli.timeout_scale, &mut summary);
            Ok(summary.close())
        }
        Action::All { kernel } => {
            let mut summary = Summary::default();
            // All is prepared before anything runs: a machine that lacks something says so at once.
            let prepared: Vec<_> = both(*kernel).map(prepare).collect::<Result<_>>()?;
            for prepared in &prepared {
                let wanted = |spec: &&Spec| prepared.kernel == Kernel::Small || spec.both_kernels;
                let specs: Vec<_> = TESTS.iter().filter(wanted).collect();
                run_tests(prepared, &specs, cli.timeout_scale, &mut summary);
            }
            Ok(summary.close())
        }
        Action::Prepare { kernel } => {
            for kernel in both(*kernel) {
                let prepared = prepare(kernel)?;
                println!("kernel {kernel}: {} is ready", prepared.kernel_version);
            }
            Ok(true)
        }
        Action::Selftest => selftest(cli.timeout_scale),
        Action::Shell { kernel, pfs, no_acs, no_iommu, no_intremap } => {
            let topology =
                Topology { pfs: *pfs, acs: !no_acs, iommu: !no_iommu, intremap: !no_intremap };
            shell::run(&prepare(*kernel)?, topology)
        }
        Action::Demo { kernel } => {
            let spec = Spec::new("demo", "");
            let run = run_guest(&prepare(*kernel)?, &spec, Mode::Demo, cli.timeout_scale)?;
            Ok(report::demo(&run))
        }
    }
}

/// That kernel, or each.
fn both(kernel: Option<Kernel>) -> impl Iterator<Item = Kernel> {
    [Kernel::Small, Kernel::Debian]
        .into_iter()
        .filter(move |k| kernel.is_none_or(|only| only == *k))
}

/// The tests of those names; a wrong name is wrong usage.
fn chosen(names: &[String]) -> Vec<&'static Spec> {
    let find = |name: &String| {
        spec::find(name).unwrap_or_else(|| {
            let text = format!("there is no test `{name}`; `list` shows what there is");
            Cli::command().error(clap::error::ErrorKind::InvalidValue, text).exit()
        })
    };
    names.iter().map(find).collect()
}

fn run_tests(prepared: &Prepared, specs: &[&'static Spec], scale: f64, summary: &mut Summary) {
    for spec in specs {
        if interrupt::seen() {
            summary.interrupted = true;
            return;
        }
        report::start(spec, prepared.kernel);
        let outcome = run_guest(prepared, spec, Mode::Test, scale);
        summary.add(spec, prepared.kernel, outcome);
    }
}

/// How often a test is run again that the emulator has spoilt.
const REPEATS: usize = 2;

/// Runs a guest, and again if the emulator failed by itself: it loses a timer, or runs into one of its
/// assertions, once in some thirty runs on a busy machine, and that says nothing about what runs in it.
fn run_guest(prepared: &Prepared, spec: &Spec, mode: Mode, scale: f64) -> Result<Run> {
    let mut lost = Vec::new();
    loop {
        let run = session::run(prepared, spec, mode, scale)?;
        if !run.emulator_fault || lost.len() == REPEATS || interrupt::seen() {
            return Ok(Run { lost, ..run });
        }
        let reason = run.failure.unwrap_or_default();
        println!("    the emulator failed by itself ({reason}): once more");
        lost.push(reason);
    }
}

/// Runs the tests that must fail, and counts those as passed that failed as they should.
fn selftest(scale: f64) -> Result<bool> {
    let prepared = prepare(Kernel::Small)?;
    let mut summary = Summary::default();
    for (spec, reason) in SELF_TESTS {
        report::start(spec, prepared.kernel);
        let run = session::run(&prepared, spec, Mode::Test, scale)?;
        summary.add(spec, prepared.kernel, Ok(run.must_fail_with(reason)?));
    }
    Ok(summary.close())
}
