//! Paths of bounded length, on the stack.

use std::ffi::CStr;
use std::os::fd::RawFd;

use crate::Errno;

const LEN: usize = libc::PATH_MAX as usize;

/// A path of at most `PATH_MAX` bytes with the 0 at its end, as the kernel takes it.
pub struct PathBuffer {
    bytes: [u8; LEN],
    len: usize,
}

impl Default for PathBuffer {
    fn default() -> PathBuffer {
        PathBuffer::new()
    }
}

impl PathBuffer {
    /// An empty one.
    pub fn new() -> PathBuffer {
        PathBuffer { bytes: [0; LEN], len: 0 }
    }

    /// The path.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The path for the C library.
    pub fn as_c_str(&self) -> &CStr {
        // Whatever is put in has no 0 in it; up to the first one if it did.
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    pub(super) fn set(&mut self, path: &[u8]) -> Result<(), Errno> {
        self.len = 0;
        self.append(path)
    }

    /// Adds bytes as they are.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        let end = self.len + bytes.len();
        // One is left for the 0.
        if end >= LEN {
            return Err(libc::ENAMETOOLONG);
        }
        self.bytes[self.len..end].copy_from_slice(bytes);
        self.bytes[end] = 0;
        self.len = end;
        Ok(())
    }

    /// Adds a `/` and a part or more of a path.
    pub(super) fn push(&mut self, parts: &[u8]) -> Result<(), Errno> {
        if !self.bytes().ends_with(b"/") {
            self.append(b"/")?;
        }
        self.append(parts)
    }

    /// Takes the last part away, if there is one.
    pub(super) fn pop(&mut self) {
        self.len = self.bytes().iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        self.bytes[self.len] = 0;
    }

    /// Takes away what is before the last `len` bytes.
    pub(super) fn keep_last(&mut self, len: usize) {
        let len = len.min(self.len);
        self.bytes.copy_within(self.len - len..self.len, 0);
        self.len = len;
        self.bytes[len] = 0;
    }

    /// Becomes the path of a directory: of the working directory with `AT_FDCWD`, else of a descriptor.
    /// False if it has none that can be told.
    pub(super) fn set_directory(&mut self, dir: RawFd) -> bool {
        if dir == libc::AT_FDCWD {
            // SAFETY: the buffer has this length.
            let found = unsafe { libc::getcwd(self.bytes.as_mut_ptr().cast(), LEN) };
            self.len = if found.is_null() { 0 } else { self.as_c_str().count_bytes() };
            return self.bytes().starts_with(b"/");
        }
        let mut name = PathBuffer::new();
        if dir < 0
            || name.set(b"/proc/thread-self/fd/").and_then(|()| name.append_number(dir)).is_err()
        {
            return false;
        }
        let (path, into) = (name.as_c_str().as_ptr(), self.bytes.as_mut_ptr().cast());
        // SAFETY: the buffer has this length and one byte more, for the 0.
        let len = unsafe { libc::readlink(path, into, LEN - 1) };
        self.len = usize::try_from(len).unwrap_or(0);
        self.bytes[self.len] = 0;
        self.bytes().starts_with(b"/")
    }

    fn append_number(&mut self, number: RawFd) -> Result<(), Errno> {
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut left = number.unsigned_abs();
        loop {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                return self.append(&digits[at..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_and_go_and_the_end_is_marked() {
        let mut path = PathBuffer::new();
        path.push(b"sys").unwrap();
        path.push(b"bus/pci").unwrap();
        assert_eq!(path.as_c_str(), c"/sys/bus/pci");
        path.pop();
        path.pop();
        assert_eq!(path.as_c_str(), c"/sys");
        path.pop();
        path.pop();
        assert_eq!(path.bytes(), b"");
        path.append_number(0).unwrap();
        path.append_number(i32::MAX).unwrap();
        assert_eq!(path.bytes(), b"02147483647");
        path.keep_last(3);
        assert_eq!(path.as_c_str(), c"647");
    }

    #[test]
    fn the_longest_path_leaves_room_for_its_end() {
        let mut path = PathBuffer::new();
        path.append(&[b'a'; LEN - 1]).unwrap();
        assert_eq!(path.as_c_str().count_bytes(), LEN - 1);
        assert_eq!(path.append(b"b"), Err(libc::ENAMETOOLONG));
        assert_eq!(path.push(b""), Err(libc::ENAMETOOLONG));
        assert_eq!(path.bytes().len(), LEN - 1);
    }

    #[test]
    fn directories_have_names() {
        let mut path = PathBuffer::new();
        assert!(path.set_directory(libc::AT_FDCWD));
        let here = std::env::current_dir().unwrap();
        assert_eq!(path.bytes(), here.as_os_str().as_encoded_bytes());
        let root = std::fs::File::open("/sys").unwrap();
        assert!(path.set_directory(std::os::fd::AsRawFd::as_raw_fd(&root)));
        assert_eq!(path.bytes(), b"/sys");
        assert!(!path.set_directory(-1));
        assert!(!path.set_directory(RawFd::MAX));
    }
}
