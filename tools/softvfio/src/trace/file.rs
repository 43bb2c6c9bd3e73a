//! The file that lines are appended to.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use libc::c_int;

use crate::signals::{call, place};
use crate::{Errno, say};

/// The environment variable that names it.
const VARIABLE: &str = "BARLINE_SOFT_TRACE";

/// The file, as an absolute path: a program may change its directory. `None` also if it cannot be written,
/// which is told once.
fn path() -> Option<&'static CString> {
    static PATH: OnceLock<Option<CString>> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let path = absolute(std::env::var_os(VARIABLE)?)?;
        if let Err(errno) = with_open(&path, |_| ()) {
            let (name, error) = (path.to_string_lossy(), io::Error::from_raw_os_error(errno));
            say(format_args!("{VARIABLE}: no trace is written, since {name} cannot be: {error}"));
            return None;
        }
        Some(path)
    });
    path.as_ref()
}

fn absolute(name: OsString) -> Option<CString> {
    if name.is_empty() {
        return None;
    }
    let path = std::path::absolute(PathBuf::from(name)).ok()?;
    CString::new(path.into_os_string().into_vec()).ok()
}

/// Whether a trace is wanted. The first call decides: it is made when the library is loaded.
pub fn on() -> bool {
    path().is_some()
}

/// Appends a line in one call, so that it stays whole.
///
/// The file is opened for each: a descriptor that were kept would be closed by programs that close all
/// they do not know, and its number given to a file of theirs.
pub(super) fn append(line: &[u8]) {
    let Some(path) = path() else { return };
    // SAFETY: the line has as many bytes.
    _ = with_open(path, |fd| unsafe {
        _ = call(libc::SYS_write, [fd, place(line.as_ptr()), line.len() as i64]);
    });
}

/// Does something with a descriptor of the file.
fn with_open(path: &CStr, act: impl FnOnce(i64)) -> Result<(), Errno> {
    const FLAGS: c_int = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
    let open = [libc::AT_FDCWD.into(), place(path.as_ptr()), FLAGS.into(), 0o666];
    // SAFETY: the path is a C string.
    let fd = unsafe { call(libc::SYS_openat, open) }?;
    act(fd);
    // SAFETY: the descriptor is this function's.
    _ = unsafe { call(libc::SYS_close, [fd]) };
    Ok(())
}
