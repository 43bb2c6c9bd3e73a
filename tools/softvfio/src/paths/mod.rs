//! Which paths lead into a run's directory, and what a path of that directory is called outside.
//!
//! Nothing here allocates: the exports of the preload library that use it may be called in a signal
//! handler, as `open` may.
#![allow(unsafe_code)]

mod fixed;
mod rooms;
#[cfg(test)]
mod tests;

use std::ffi::CStr;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::Errno;
pub use fixed::PathBuffer;
use rooms::Room;

/// The paths of one run.
#[derive(Debug)]
pub struct Paths {
    /// The run's directory, without links in it.
    run: Vec<u8>,
}

/// What is at the end of a redirected path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file or directory of sysfs. It can be read, and not written.
    Sysfs,
    /// `/dev/vfio` or something in it, whose files are devices.
    Node,
    /// Nothing of the run's: a path that has to be given whole, since the program's working directory
    /// is one of the run's and the path leads out of there.
    Outside,
}

impl Paths {
    /// The paths that lead into `run`, which is there.
    pub fn new(run: &Path) -> Paths {
        let real = std::fs::canonicalize(run).unwrap_or_else(|_| run.to_path_buf());
        Paths { run: real.as_os_str().as_bytes().to_vec() }
    }

    /// Whether a path can lead into the run from some directory at all. Most cannot, and need neither
    /// [`Paths::redirect`] nor its 16 KiB of stack.
    pub fn concerns(path: &CStr) -> bool {
        rooms::may_lead_into(path.to_bytes())
    }

    /// Where `path` leads, written into `into`; `None` if the program's own path is as good.
    /// `dir` is the directory that a relative path starts at: a descriptor, or `AT_FDCWD`.
    ///
    /// Links above the redirected rooms are not followed: there are none in a sysfs.
    ///
    /// # Errors
    /// `ENAMETOOLONG` if there is no room for it.
    pub fn redirect(
        &self,
        dir: RawFd,
        path: &CStr,
        into: &mut PathBuffer,
    ) -> Result<Option<Place>, Errno> {
        let path = path.to_bytes();
        if !rooms::may_lead_into(path) {
            return Ok(None);
        }
        if path.starts_with(b"/") {
            let mut outside = PathBuffer::new();
            return Ok(self.place(path, &mut outside, into)?.filter(|p| *p != Place::Outside));
        }
        let mut whole = PathBuffer::new();
        if !whole.set_directory(dir) {
            return Ok(None);
        }
        let inside = self.outside(whole.bytes()).map(<[u8]>::len);
        let mut rest = path;
        if let Some(len) = inside {
            whole.keep_last(len);
            // Below a redirected directory everything goes by itself but the way out of it. The directory's
            // own path has no links in it, so that its parts can be taken away.
            while let Some(after) =
                rest.strip_prefix(b"..").filter(|a| a.is_empty() || a[0] == b'/')
            {
                whole.pop();
                rest = &after[after.iter().take_while(|byte| **byte == b'/').count()..];
            }
            if rest.len() == path.len() {
                return Ok(None);
            }
        }
        whole.push(rest)?;
        let mut outside = PathBuffer::new();
        match self.place(whole.bytes(), &mut outside, into)? {
            Some(Place::Outside) if inside.is_some() => {
                into.set(outside.bytes())?;
                Ok(Some(Place::Outside))
            }
            Some(Place::Outside) | None => Ok(None),
            found => Ok(found),
        }
    }

    /// The name that a path of the run's directory has for the program; `None` if it is not in there.
    pub fn outside<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let rest = path.strip_prefix(self.run.as_slice())?;
        (rest.starts_with(b"/sys") || rest.starts_with(b"/dev")).then_some(rest)
    }

    /// The place of a path that `redirect` gave, or that is the run's otherwise.
    pub fn place_of(&self, path: &[u8]) -> Option<Place> {
        let outside = self.outside(path)?;
        Some(if outside.starts_with(b"/dev") { Place::Node } else { Place::Sysfs })
    }

    /// Follows an absolute path as far as a room that is redirected, and writes where it leads.
    /// `Outside` leaves the path that was followed, without `.` and `..`, in `outside`.
    fn place(
        &self,
        path: &[u8],
        outside: &mut PathBuffer,
        into: &mut PathBuffer,
    ) -> Result<Option<Place>, Errno> {
        let mut rest = path;
        loop {
            let start = rest.iter().position(|byte| *byte != b'/').unwrap_or(rest.len());
            rest = &rest[start..];
            if rest.is_empty() {
                return Ok(Some(Place::Outside));
            }
            let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            rest = after;
            match part {
                b"." => continue,
                b".." => outside.pop(),
                part => outside.push(part)?,
            }
            let Some(room) = rooms::room(outside.bytes()) else { continue };
            into.set(&self.run)?;
            into.push(&outside.bytes()[1..])?;
            into.append(rest)?;
            if room == Room::Merged && !rest.is_empty() && !is_there(into.as_c_str()) {
                return Ok(None);
            }
            return Ok(self.place_of(into.bytes()));
        }
    }
}

fn is_there(path: &CStr) -> bool {
    // SAFETY: a C string; nothing is written.
    unsafe {
        libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::F_OK, libc::AT_SYMLINK_NOFOLLOW) == 0
    }
}
