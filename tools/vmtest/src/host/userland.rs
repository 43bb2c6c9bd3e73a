//! The guest's system programs, from the packages of the host: busybox, iproute2, kmod, and DPDK's
//! testpmd with the drivers that it loads at run time.

use crate::cache::{Cache, Key};
use crate::cpio::{self, Entry, Tree};
use crate::{closure, command};
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;
use vmtest::{Context, Result};

/// The finished archive in its directory of the cache.
const ARCHIVE: &str = "base.cpio";

/// DPDK's plug-ins: the PCI bus, the ring mempool, and the driver for igb's VFs.
const PLUGINS: [&str; 3] = ["librte_bus_pci.so", "librte_mempool_ring.so", "librte_net_e1000.so"];

/// What shells in the guest start with. Busybox's shell prefers its own applets to the PATH, and
/// its `ip` knows nothing of VFs.
const SHRC: &str = "alias ip=/usr/sbin/ip\nPS1='guest# '\n";

/// The archive of system programs, made if need be.
pub fn archive(cache: &Cache) -> Result<PathBuf> {
    let tree = tree()?;
    let mut key = Key::default();
    for (path, entry) in tree.entries() {
        key = match entry {
            Entry::Directory => key.add(path, "/"),
            Entry::Text(text) => key.add(path, text),
            Entry::Link(target) => key.add(path, format!("-> {target}")),
            Entry::File(source) => key.add(path, cpio::read(source)?.0),
        };
    }
    let directory = cache.get("base", &key.finish(), |directory| {
        tree.write(BufWriter::new(File::create(directory.join(ARCHIVE))?))
    })?;
    Ok(directory.join(ARCHIVE))
}

fn tree() -> Result<Tree> {
    let mut tree = Tree::default();
    for directory in ["dev", "proc", "sys", "run", "tmp", "root", "usr/bin", "usr/sbin"] {
        tree.add(directory, Entry::Directory);
    }
    for top in ["bin", "sbin", "lib", "lib64"] {
        tree.add(top, Entry::Link(format!("usr/{top}")));
    }
    tree.add("var/run", Entry::Link("/run".into()));
    tree.add("etc/passwd", Entry::Text("root:x:0:0:root:/tmp:/bin/sh\n".into()));
    tree.add("etc/group", Entry::Text("root:x:0:\n".into()));
    tree.add("etc/shrc", Entry::Text(SHRC.into()));
    for (name, place) in [("ip", "usr/sbin"), ("kmod", "usr/bin"), ("dpdk-testpmd", "usr/bin")] {
        let source = find_program(name)?;
        tree.add(&format!("{place}/{name}"), Entry::File(source.clone()));
        add_libraries(&mut tree, &source)?;
    }
    for link in ["modprobe", "insmod", "rmmod", "lsmod"] {
        tree.add(&format!("usr/sbin/{link}"), Entry::Link("/usr/bin/kmod".into()));
    }
    add_plugins(&mut tree)?;
    add_busybox(&mut tree)?;
    Ok(tree)
}

/// Busybox last: it offers what nothing else has claimed.
fn add_busybox(tree: &mut Tree) -> Result {
    let busybox = find_program("busybox")?;
    tree.add("usr/bin/busybox", Entry::File(busybox.clone()));
    let taken = ["ip", "modprobe", "insmod", "rmmod", "lsmod", "busybox"];
    let applets = command::output(Command::new(busybox).arg("--list"))?;
    for applet in applets.lines().filter(|applet| !taken.contains(applet)) {
        tree.add(&format!("usr/bin/{applet}"), Entry::Link("busybox".into()));
    }
    Ok(())
}

fn add_plugins(tree: &mut Tree) -> Result {
    let base = format!("/usr/lib/{}-linux-gnu/dpdk", std::env::consts::ARCH);
    let entries = fs::read_dir(&base).context(&base)?.flatten();
    let directory = entries
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pmds"))
        })
        .context(format_args!("no plug-ins of DPDK in {base}"))?;
    for plugin in PLUGINS {
        let source = directory.join(plugin);
        add_library(tree, &source)?;
        add_libraries(tree, &source)?;
    }
    // glibc loads it by itself when a thread is cancelled, as EAL does; no list of needs names it.
    let gcc = PathBuf::from(format!("/usr/lib/{}-linux-gnu/libgcc_s.so.1", std::env::consts::ARCH));
    add_library(tree, &gcc)
}

/// Adds the libraries that a program needs.
pub fn add_libraries(tree: &mut Tree, program: &Path) -> Result {
    closure::libraries(program)?.iter().try_for_each(|library| add_library(tree, library))
}

/// Adds one library. Where the host has a link the guest gets one too: EAL takes two copies of a
/// library for two libraries, and crashes.
fn add_library(tree: &mut Tree, library: &Path) -> Result {
    let real = library.canonicalize().context(library.display())?;
    let (path, target) = (closure::in_guest(library), closure::in_guest(&real));
    tree.add(&target, Entry::File(real));
    if path != target {
        tree.add(&path, Entry::Link(format!("/{target}")));
    }
    Ok(())
}

/// A program of the host, in the PATH or where only root's PATH looks.
pub fn find_program(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from));
    let found = directories.map(|directory| directory.join(name)).find(|path| path.is_file());
    found.context(format_args!("there is no program `{name}` on this machine"))
}
