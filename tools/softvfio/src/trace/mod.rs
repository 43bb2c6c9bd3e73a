//! What a program does with its VFs, as lines of a file: `BARLINE_SOFT_TRACE=FILE`.
//!
//! All processes of a run append to the same file, each line whole. A line has fields with spaces
//! between:
//!
//! ```text
//! PROCESS vfN read  NAME OFFSET VALUE       registers of BAR 0: hexadecimal, as many digits as the access is wide
//! PROCESS vfN write NAME OFFSET VALUE
//! PROCESS vfN config-read  OFFSET BYTES     configuration space: bytes in hexadecimal, first byte first
//! PROCESS vfN config-write OFFSET BYTES
//! PROCESS vfN|- call NAME RESULT [DETAIL]   of VFIO: a number, or -ERRNO
//! ```
//!
//! All of BAR 0 is trapped then, so that doorbells are seen, too; what they do is the same.

mod file;
mod line;
mod names;

use std::fmt;

use crate::Errno;

pub use file::on;

/// Something that a program did.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// It accessed BAR 0.
    Register {
        /// Of this VF.
        vf: usize,
        /// From here on.
        offset: usize,
        /// What was read or written, first byte first: up to 64 bytes.
        bytes: &'e [u8],
        /// It was a write.
        write: bool,
    },
    /// It accessed configuration space.
    Config {
        /// Of this VF.
        vf: usize,
        /// From here on.
        offset: u64,
        /// What was read or written.
        bytes: &'e [u8],
        /// It was a write.
        write: bool,
    },
    /// It called VFIO.
    Call {
        /// Of this VF, if it is about one.
        vf: Option<usize>,
        /// The call, by its name in `linux/vfio.h` or the C library.
        name: &'e str,
        /// What it answered.
        result: Result<i64, Errno>,
        /// More of it, on one line; empty for nothing.
        detail: fmt::Arguments<'e>,
    },
}

/// Writes it down, if that is wanted. What cannot be written is lost.
pub fn record(event: &Event<'_>) {
    if on() {
        file::append(line::Line::of(event).as_bytes());
    }
}
