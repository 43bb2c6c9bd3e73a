//! An event as a line.

use std::fmt::{self, Write};

use super::{Event, names};

/// Bytes of a line. What is longer is cut off.
const LEN: usize = 512;

/// A line, with its end. It is made on the stack: events happen in signal handlers.
pub(super) struct Line {
    bytes: [u8; LEN],
    len: usize,
}

impl Line {
    pub(super) fn of(event: &Event<'_>) -> Line {
        let mut line = Line { bytes: [0; LEN], len: 0 };
        // It cuts off and never fails.
        _ = line.show(event);
        let end = line.len.min(LEN - 1);
        line.bytes[end] = b'\n';
        line.len = end + 1;
        line
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn show(&mut self, event: &Event<'_>) -> fmt::Result {
        write!(self, "{} ", std::process::id())?;
        match *event {
            Event::Register { vf, offset, bytes, write } => {
                let kind = if write { "write" } else { "read" };
                write!(self, "vf{vf} {kind} {} {offset:04x} ", names::Name(offset))?;
                bytes.iter().rev().try_for_each(|byte| write!(self, "{byte:02x}"))
            }
            Event::Config { vf, offset, bytes, write } => {
                let kind = if write { "config-write" } else { "config-read" };
                write!(self, "vf{vf} {kind} {offset:03x} ")?;
                bytes.iter().try_for_each(|byte| write!(self, "{byte:02x}"))
            }
            Event::Call { vf, name, result, detail } => {
                match vf {
                    Some(vf) => write!(self, "vf{vf} call {name} ")?,
                    None => write!(self, "- call {name} ")?,
                }
                match result {
                    Ok(value) => write!(self, "{value}")?,
                    Err(errno) => write!(self, "-{errno}")?,
                }
                match detail.as_str() {
                    Some("") => Ok(()),
                    _ => write!(self, " {detail}"),
                }
            }
        }
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let len = text.len().min(room.len());
        room[..len].copy_from_slice(&text.as_bytes()[..len]);
        self.len += len;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(event: &Event<'_>) -> String {
        let line = String::from_utf8(Line::of(event).as_bytes().to_vec()).unwrap();
        let id = format!("{} ", std::process::id());
        line.strip_prefix(&id).expect("it starts with the process").to_string()
    }

    #[test]
    fn each_event_has_its_fields() {
        let register = |offset, bytes, write| Event::Register { vf: 3, offset, bytes, write };
        assert_eq!(
            shown(&register(0x2fc, &[4, 0, 0, 0x80], false)),
            "vf3 read VFMAILBOX 02fc 80000004\n"
        );
        assert_eq!(shown(&register(0x204, &[1], true)), "vf3 write VFMBMEM(1) 0204 01\n");
        let config = Event::Config { vf: 0, offset: 4, bytes: &[6, 4], write: true };
        assert_eq!(shown(&config), "vf0 config-write 004 0604\n");
        let call = |vf, result| Event::Call {
            vf,
            name: "VFIO_DEVICE_RESET",
            result,
            detail: format_args!(""),
        };
        assert_eq!(shown(&call(Some(1), Ok(0))), "vf1 call VFIO_DEVICE_RESET 0\n");
        assert_eq!(shown(&call(None, Err(libc::ENODEV))), "- call VFIO_DEVICE_RESET -19\n");
        let detail = Event::Call {
            vf: None,
            name: "open",
            result: Ok(5),
            detail: format_args!("group {}", 1),
        };
        assert_eq!(shown(&detail), "- call open 5 group 1\n");
    }

    #[test]
    fn what_is_too_long_is_one_line_all_the_same() {
        let config = Event::Config { vf: 0, offset: 0, bytes: &[0xff; 4096], write: false };
        let line = shown(&config);
        assert!(line.len() < LEN && line.ends_with("ff\n"), "{line}");
    }
}
