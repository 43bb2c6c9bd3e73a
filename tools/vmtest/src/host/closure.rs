//! The shared libraries that a program needs, as `ldd` tells them.

use crate::command;
use std::path::{Path, PathBuf};
use std::process::Command;
use vmtest::{Result, bail};

/// All libraries that a program or library needs, the loader among them.
pub fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    match command::output(Command::new("ldd").arg(program)) {
        Ok(text) => parse(&text),
        // That is how ldd says that there are none.
        Err(error) if error.to_string().contains("not a dynamic executable") => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.contains("=> not found") {
            bail!("ldd: {line}");
        }
        let target = line.split_once(" => ").map_or(line, |(_, target)| target);
        let path = target.split(" (").next().unwrap_or_default();
        // The vdso has a name but no path.
        if path.starts_with('/') {
            paths.push(PathBuf::from(path));
        }
    }
    Ok(paths)
}

/// Where a path of the host goes in the guest, which has one `/usr` tree: `/lib/x` is `usr/lib/x`.
pub fn in_guest(path: &Path) -> String {
    let text = path.to_string_lossy();
    let path = text.trim_start_matches('/');
    let merged = ["bin/", "sbin/", "lib/", "lib64/"].iter().any(|top| path.starts_with(top));
    if merged { format!("usr/{path}") } else { path.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LDD: &str = "
\tlinux-vdso.so.1 (0x00007ffd4a5f2000)
\tlibelf.so.1 => /lib/x86_64-linux-gnu/libelf.so.1 (0x00007f0c1c5a0000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0c1c3bf000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f0c1c6f0000)
";

    #[test]
    fn libraries_and_the_loader_but_not_the_vdso() {
        let paths = parse(LDD).unwrap();
        let names: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
        let dir = "/lib/x86_64-linux-gnu";
        assert_eq!(
            names,
            [
                format!("{dir}/libelf.so.1"),
                format!("{dir}/libc.so.6"),
                "/lib64/ld-linux-x86-64.so.2".into()
            ]
        );
    }

    #[test]
    fn a_missing_library_is_an_error() {
        let error = parse("\tlibx.so.1 => not found").unwrap_err();
        assert!(error.to_string().contains("libx.so.1"));
    }

    #[test]
    fn the_guest_has_one_usr_tree() {
        let at = |path: &str| in_guest(Path::new(path));
        assert_eq!(at("/lib64/ld-linux-x86-64.so.2"), "usr/lib64/ld-linux-x86-64.so.2");
        assert_eq!(at("/usr/lib/libc.so"), "usr/lib/libc.so");
        assert_eq!(at("/bin/kmod"), "usr/bin/kmod");
    }
}
