//! The runner: boots a QEMU guest with real SR-IOV VFs behind an emulated IOMMU, runs tests in it
//! and judges what comes back.

mod apt;
mod cache;
mod cli;
mod closure;
mod command;
mod console;
mod cpio;
mod guest_build;
mod image;
mod interrupt;
mod judge;
mod kernel;
mod kernel_debian;
mod kernel_small;
mod os;
mod packages;
mod prepare;
mod qemu;
mod qemu_args;
mod qmp;
mod report;
mod session;
mod shell;
mod userland;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli::run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("vmtest: {error}");
            ExitCode::FAILURE
        }
    }
}
