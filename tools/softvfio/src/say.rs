//! What is told to the person at the terminal.
#![allow(unsafe_code)]

use std::fmt::{self, Write};

use crate::signals::{call, place};

/// A line on the stack: some are said in signal handlers.
struct Line {
    bytes: [u8; 512],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // One byte is left for the line's end.
        let room = self.bytes.len() - 1 - self.len;
        let len = text.len().min(room);
        self.bytes[self.len..self.len + len].copy_from_slice(&text.as_bytes()[..len]);
        self.len += len;
        Ok(())
    }
}

/// Says something on standard error, on a line of its own.
pub(crate) fn say(what: fmt::Arguments<'_>) {
    let mut line = Line { bytes: [0; 512], len: 0 };
    // It cuts off and never fails.
    _ = write!(line, "barline soft: {what}");
    line.bytes[line.len] = b'\n';
    let arguments = [libc::STDERR_FILENO.into(), place(line.bytes.as_ptr()), line.len as i64 + 1];
    // SAFETY: as many bytes are there. What cannot be said is not.
    _ = unsafe { call(libc::SYS_write, arguments) };
}
