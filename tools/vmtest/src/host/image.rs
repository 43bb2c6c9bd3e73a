//! The initramfs of a run: system programs, the kernel's modules if it has any, and the project's
//! programs, one archive after the other.

use crate::cpio::{Entry, Tree};
use crate::guest_build::Built;
use crate::userland;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use vmtest::{Context, Result};

/// Writes the initramfs: the archives that are there already, then the programs.
pub fn write(target: &File, archives: &[&Path], programs: &[Built]) -> Result {
    let mut image = BufWriter::new(target);
    for archive in archives {
        let mut source = File::open(archive).context(archive.display())?;
        io::copy(&mut source, &mut image).context("the initramfs")?;
    }
    let mut tree = Tree::default();
    for program in programs {
        let path = match program.name.as_str() {
            "vmtest-guest" => "init".to_string(),
            name => format!("usr/bin/{name}"),
        };
        tree.add(&path, Entry::File(program.path.clone()));
        userland::add_libraries(&mut tree, &program.path)?;
    }
    tree.write(&mut image).context("the initramfs")?;
    Ok(image.flush()?)
}
