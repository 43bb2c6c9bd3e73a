//! What a machine must have, which packages bring it, and getting them.

use crate::{apt, os, userland};
use std::path::Path;
use std::process::Command;
use vmtest::{Result, bail};

/// A package, and how to see that it is there without asking a package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Its name on Debian.
    pub package: &'static str,
    proof: Proof,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Program(&'static str),
    File(&'static str),
    /// QEMU's first version with igb's SR-IOV.
    Qemu,
}

const fn program(package: &'static str, name: &'static str) -> Need {
    Need { package, proof: Proof::Program(name) }
}

const fn file(package: &'static str, path: &'static str) -> Need {
    Need { package, proof: Proof::File(path) }
}

/// For every run.
pub const RUN: &[Need] = &[
    Need { package: apt::QEMU, proof: Proof::Qemu },
    program("busybox-static", "busybox"),
    program("iproute2", "ip"),
    program("kmod", "kmod"),
    program("dpdk-dev", "dpdk-testpmd"),
    // It brings the plug-ins that testpmd loads.
    program("dpdk", "dpdk-devbind.py"),
];

/// To know which small kernel there should be.
pub const KERNEL_SOURCE: &[Need] =
    &[file("linux-source-6.12", "/usr/src/linux-source-6.12.tar.xz")];

/// To build it.
pub const KERNEL_BUILD: &[Need] = &[
    program("gcc", "gcc"),
    file("libc6-dev", "/usr/include/stdio.h"),
    program("make", "make"),
    program("flex", "flex"),
    program("bison", "bison"),
    program("bc", "bc"),
    program("xz-utils", "xz"),
    program("cpio", "cpio"),
    file("libelf-dev", "/usr/include/libelf.h"),
    program("openssl", "openssl"),
    file("libssl-dev", "/usr/include/openssl/ssl.h"),
];

/// To fetch Debian's kernel.
pub const DEBIAN_KERNEL: &[Need] = &[program("apt", "apt-get"), program("kmod", "depmod")];

impl Need {
    fn is_met(&self) -> bool {
        match self.proof {
            Proof::Program(name) => userland::find_program(name).is_ok(),
            Proof::File(path) => Path::new(path).exists(),
            Proof::Qemu => apt::qemu_version().is_some_and(|version| version >= (8, 0)),
        }
    }
}

/// For a machine that has nothing yet: all that the small kernel will ask for, named at once.
pub fn for_small_kernel() -> Vec<Need> {
    let build = if missing(KERNEL_SOURCE).is_empty() { &[][..] } else { KERNEL_BUILD };
    [RUN, KERNEL_SOURCE, build].concat()
}

/// Sees to it that all these are there: installs what is missing if that is possible.
pub fn ensure(needs: &[Need]) -> Result {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    if !os::is_root() {
        bail!("{}", message(&missing));
    }
    eprintln!("vmtest: installing {}", missing.join(" "));
    if let Err(error) = apt::install(&missing) {
        bail!("{error}\n{}", message(&missing));
    }
    let still = self::missing(needs);
    if !still.is_empty() {
        bail!("apt installed the packages, but something is still missing\n{}", message(&still));
    }
    Ok(())
}

/// Fetches apt's lists, for a machine that has none.
pub fn update_lists() -> Result {
    if !os::is_root() {
        bail!("apt has no lists of packages: run `sudo apt-get update`");
    }
    crate::command::quiet(Command::new("apt-get").args(["-q", "update"]))
}

fn missing(needs: &[Need]) -> Vec<&'static str> {
    needs.iter().filter(|need| !need.is_met()).map(|need| need.package).collect()
}

/// What to tell a person whose machine lacks these.
fn message(missing: &[&str]) -> String {
    let mut text = format!("these packages are missing: {}\n", missing.join(", "));
    let plain: Vec<_> = missing.iter().copied().filter(|name| *name != apt::QEMU).collect();
    text.push_str("install them with:");
    if !plain.is_empty() {
        text.push_str(&format!("\n  sudo apt-get install {}", plain.join(" ")));
    }
    if plain.len() < missing.len() {
        text.push_str(&format!(
            "\n  sudo apt-get install -t bookworm-backports {}\n\
             (QEMU 8.0 or newer has the igb device; Debian 12 has it in bookworm-backports, which \
             must be among apt's sources)",
            apt::QEMU
        ));
    }
    text.push_str("\nor run this program's `prepare` as root once: it installs them");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_every_package_and_a_command() {
        let text = message(&["busybox-static", "kmod"]);
        assert!(text.contains("missing: busybox-static, kmod\n"), "{text}");
        assert!(text.contains("\n  sudo apt-get install busybox-static kmod"), "{text}");
        assert!(!text.contains("backports"), "{text}");
    }

    #[test]
    fn qemu_comes_from_backports() {
        let text = message(&["qemu-system-x86", "kmod"]);
        assert!(text.contains("install -t bookworm-backports qemu-system-x86\n"), "{text}");
        assert!(text.contains("install kmod\n"), "{text}");
    }

    #[test]
    fn what_is_nowhere_is_missing() {
        let needs = [program("no-such-package", "no-such-program"), file("base-files", "/")];
        assert_eq!(missing(&needs), ["no-such-package"]);
    }
}
