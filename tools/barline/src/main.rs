//! The `barline` command: find, make, bind and measure SR-IOV VFs.
//!
//! # Answers
//! What a command found or did goes to standard output, as text or, with `--json`, as one JSON
//! object alone. What went wrong goes to standard error in one line that starts with `barline:`.
//! The exit status is 0 if all went well, 1 if something failed, 2 if the command was used wrongly;
//! with 2 nothing was changed. The fields of the JSON are documented in [`commands`], one module
//! for each command, and in [`bench`]; they keep their names and meaning, and new ones may come.

mod bench;
mod commands;
mod output;
mod versus;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use barline::Root;
use barline::pci::PciAddress;
use barline_device::{BadName, DeviceName};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use output::Output;
use softvfio::run::RunView;
use tracing_subscriber::EnvFilter;

/// Find, make and bind SR-IOV Virtual Functions (VFs), and drive them from userspace.
#[derive(Parser)]
#[command(name = "barline", version, disable_help_subcommand = true)]
// Without a command it is wrong usage like any other: one line, and not the help.
#[command(arg_required_else_help = false)]
struct Cli {
    /// Answer with one JSON object on standard output.
    #[arg(long, global = true)]
    json: bool,
    /// The directory that stands in for `/`: its sys, proc and dev are used.
    #[arg(long, global = true, hide = true, env = "BARLINE_ROOT", value_name = "DIR")]
    #[arg(hide_env = true, default_value = "/")]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the PFs of this machine with their VFs, and what else is bound to vfio-pci.
    List,
    /// Show one device: ids, driver, IOMMU group, BARs, interrupts, SR-IOV, MAC.
    Info {
        /// Its address, such as 0000:01:10.0.
        #[arg(value_name = "BDF", value_parser = address)]
        device: PciAddress,
    },
    /// Bind VFs to vfio-pci, so that programs can open them. Wants root.
    Bind {
        /// Their addresses, such as 0000:01:10.0.
        #[arg(value_name = "BDF", required = true, value_parser = address)]
        devices: Vec<PciAddress>,
        /// Bind a device that is not a VF, too: the host loses it.
        #[arg(long)]
        force: bool,
    },
    /// Take devices from vfio-pci. Waits while a program holds one. Wants root.
    Unbind {
        /// Their addresses, such as 0000:01:10.0.
        #[arg(value_name = "BDF", required = true, value_parser = address)]
        devices: Vec<PciAddress>,
        /// Let the kernel look for a driver of its own then.
        #[arg(long)]
        reprobe: bool,
    },
    /// Give a PF so many VFs, bound to no driver; 0 removes them. Wants root.
    ///
    /// If it has another number of them, those are removed first. The kernel may take minutes.
    Create {
        /// The PF's address, such as 0000:01:00.0.
        #[arg(value_name = "PF", value_parser = address)]
        pf: PciAddress,
        /// How many VFs.
        #[arg(value_name = "N")]
        count: u16,
    },
    /// Measure how many packets a VF receives, sends or returns, and how long they take.
    ///
    /// Without a device it is a VF of a software adapter, which needs no hardware and no rights.
    Bench(Box<bench::Args>),
    /// Compare what a frame costs this driver with what it costs DPDK's, on the same software adapter.
    ///
    /// Both take turns of some milliseconds on the VFs of one adapter. It takes a minute, and some four with
    /// --full. Without DPDK it says what is missing, and measures this driver alone.
    Versus(versus::Args),
    /// Run programs that know nothing of barline on a software adapter, and be its PF's administrator.
    #[command(subcommand, arg_required_else_help = false)]
    Soft(commands::soft::Soft),
    /// A process of `versus` that measures.
    #[command(hide = true)]
    VersusChild(versus::child::Args),
}

fn main() -> ExitCode {
    let begun = Instant::now();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // The library's warnings; RUST_LOG=barline=debug shows each step. A software adapter is not worth a
    // warning about hugepages: its translations are its own. In a run, each device is one of it.
    let in_a_run = RunView::of_this_program().is_some();
    let warnings = match &cli.command {
        Command::VersusChild(_) => "warn,barline::dma=error",
        Command::Bench(args) if in_a_run || args.is_soft() => "warn,barline::dma=error",
        _ => "warn",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| warnings.into()))
        .with_writer(std::io::stderr)
        .init();
    let root = Root::new(cli.root.clone());
    let output = Output::new(cli.json);
    let done = match cli.command {
        Command::List => commands::list::run(&root, output),
        Command::Info { device } => commands::info::run(&root, output, device),
        Command::Bind { devices, force } => commands::bind::bind(&root, output, &devices, force),
        Command::Unbind { devices, reprobe } => {
            commands::bind::unbind(&root, output, &devices, reprobe)
        }
        Command::Create { pf, count } => commands::create::run(&root, output, pf, count),
        Command::Bench(args) => return bench::run(&root, output, &args),
        Command::Versus(args) => return versus::run(&cli.root, output, &args),
        Command::VersusChild(args) => return versus::child::run(&args, begun),
        Command::Soft(soft) => return commands::soft::run(soft, &cli.root, output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure.to_string());
            ExitCode::from(1)
        }
    }
}

/// A device of this machine.
fn address(text: &str) -> Result<PciAddress, String> {
    match text.parse::<DeviceName>() {
        Ok(name) if name.is_soft() => {
            Err("a software adapter is nothing of this machine, and has no PCI address: it is for \
                 `bench`, `soft exec` and the examples"
                .to_string())
        }
        Err(error @ BadName::Option { .. }) => Err(error.to_string()),
        _ => text.parse().map_err(|error: barline::Error| error.to_string()),
    }
}

/// Help and version are answers; anything else is wrong usage, in one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that does not want to read on is no failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    // What clap says is a paragraph on what is wrong, and then hints.
    let problem: Vec<&str> =
        text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let problem = problem.join(" ");
    let problem = problem.strip_prefix("error: ").unwrap_or(&problem);
    output::complain(&format!("{problem} (see `{} --help`)", meant(std::env::args_os().skip(1))));
    ExitCode::from(2)
}

/// The command whose help tells more: the subcommands that these arguments name, as far as they do.
fn meant(arguments: impl Iterator<Item = OsString>) -> String {
    let root = Cli::command();
    let mut command = &root;
    let mut words = vec![command.get_name()];
    for argument in arguments {
        if let Some(found) = command.find_subcommand(&argument) {
            words.push(found.get_name());
            command = found;
        }
    }
    words.join(" ")
}
