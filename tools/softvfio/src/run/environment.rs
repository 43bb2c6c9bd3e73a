//! How a program is told of its run: two variables, and where the library for them is.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use softnic::Spec;
use softnic::uplink::UplinkSpec;

use super::RunError;
use super::error::failed;
use crate::maps::PAGE;

/// The variable that names a program's run: its directory.
pub const VARIABLE: &str = "BARLINE_SOFT";

/// The library to preload.
pub const LIBRARY: &str = "libbarline_preload.so";

/// Whether registers can be mapped by pages of this size.
pub(super) fn check_pages(size: usize) -> Result<(), RunError> {
    if size == PAGE { Ok(()) } else { Err(RunError::Pages(size)) }
}

/// Where the library is, seen from this program: where cargo builds it for the command or for a test,
/// beside an installed command, or in its lib directory.
pub(super) fn library() -> Result<PathBuf, RunError> {
    let program = std::env::current_exe();
    let program = program.map_err(failed("find the program's own file", Path::new("/proc")))?;
    let beside = program.parent().unwrap_or(Path::new("/"));
    let places = ["deps", "", "../lib"].map(|place| beside.join(place));
    let found = places.iter().map(|place| place.join(LIBRARY)).find(|file| file.is_file());
    found.ok_or_else(|| RunError::NoLibrary(places.to_vec()))
}

/// The library by a name that LD_PRELOAD can hold, in which colons and spaces part names (ld.so(8)).
pub(super) fn preloadable(library: &Path, dir: &Path) -> Result<PathBuf, RunError> {
    if !has_separator(library) {
        return Ok(library.into());
    }
    let link = dir.join(LIBRARY);
    if has_separator(&link) {
        return Err(RunError::Name(dir.into()));
    }
    symlink(library, &link).map_err(failed("make a link to the library", &link))?;
    Ok(link)
}

fn has_separator(path: &Path) -> bool {
    path.as_os_str().as_bytes().iter().any(|byte| *byte == b':' || byte.is_ascii_whitespace())
}

/// What LD_PRELOAD is to be: the library before those that are there already.
pub(super) fn preloads(library: &Path) -> OsString {
    let mut names = vec![library.as_os_str().to_os_string()];
    let others = std::env::var_os("LD_PRELOAD").unwrap_or_default();
    let parts = others.as_bytes().split(|byte| *byte == b':' || byte.is_ascii_whitespace());
    let others = parts.map(OsStr::from_bytes).filter(|name| {
        // That of a run around this one.
        !name.is_empty() && Path::new(name).file_name() != Some(OsStr::new(LIBRARY))
    });
    names.extend(others.map(OsStr::to_os_string));
    names.join(OsStr::new(":"))
}

/// The options for programs that may be in other directories.
pub(super) fn with_absolute_paths(spec: &Spec) -> Result<Spec, RunError> {
    let mut spec = spec.clone();
    if let UplinkSpec::Pcap(pcap) = &mut spec.uplink {
        for file in [&mut pcap.read, &mut pcap.write].into_iter().flatten() {
            *file = std::path::absolute(&file).map_err(failed("find the way to", file))?;
        }
    }
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_pages_are_refused_by_their_size() {
        assert!(check_pages(crate::sys::page()).is_ok());
        let error = check_pages(65536).unwrap_err().to_string();
        assert!(error.contains("65536") && error.contains("4096"), "{error}");
    }
}
