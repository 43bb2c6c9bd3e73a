//! A trace as the preload library writes it (`BARLINE_SOFT_TRACE`), line by line.

/// The environment's variable with the file to write it to.
pub const VARIABLE: &str = "BARLINE_SOFT_TRACE";

/// What a program did to a VF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It read a register.
    Read { name: String, value: u64 },
    /// It wrote a register.
    Write { name: String, value: u64 },
    /// It wrote configuration space.
    ConfigWrite { offset: u16, bytes: Vec<u8> },
    /// It called VFIO, which answered well.
    Call { name: String },
}

/// The events of one VF.
#[track_caller]
pub fn events(text: &str, vf: usize) -> Vec<Event> {
    let vf = format!("vf{vf}");
    let mut events = Vec::new();
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let bad = || -> ! { panic!("not a line of a trace: {line}") };
        let [_process, device, kind, ref rest @ ..] = words[..] else { bad() };
        if device != vf {
            continue;
        }
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap_or_else(|_| bad());
        events.push(match (kind, rest) {
            ("read", [name, offset, value]) => {
                Event::Read { name: register(name, offset), value: number(value) }
            }
            ("write", [name, offset, value]) => {
                Event::Write { name: register(name, offset), value: number(value) }
            }
            ("config-write", [offset, bytes]) => Event::ConfigWrite {
                offset: number(offset) as u16,
                bytes: (0..bytes.len() / 2).map(|at| number(&bytes[2 * at..][..2]) as u8).collect(),
            },
            ("call", [_, answer, ..]) if answer.starts_with('-') => continue,
            ("call", [name, _, ..]) => Event::Call { name: name.to_string() },
            ("config-read", [_, _]) => continue,
            _ => bad(),
        });
    }
    events
}

/// A register's name, or its offset where it has none.
fn register(name: &str, offset: &str) -> String {
    if name == "-" { format!("at {offset}") } else { name.to_string() }
}

#[test]
fn lines_are_read() {
    let text = "7 vf0 read VFMAILBOX 02fc 80000004\n\
                7 - call open 5 container\n\
                7 vf1 write VFMBMEM(0) 0200 00000001\n\
                7 vf1 config-write 004 0604\n\
                7 vf1 config-read 004 0604\n\
                7 vf1 call VFIO_DEVICE_RESET 0\n\
                7 vf1 call VFIO_DEVICE_SET_IRQS -22 index 9\n\
                7 vf1 read - 0fc8 ffffffff\n";
    let name = |name: &str| name.to_string();
    assert_eq!(
        events(text, 1),
        [
            Event::Write { name: name("VFMBMEM(0)"), value: 1 },
            Event::ConfigWrite { offset: 4, bytes: vec![6, 4] },
            Event::Call { name: name("VFIO_DEVICE_RESET") },
            Event::Read { name: name("at 0fc8"), value: 0xffff_ffff },
        ]
    );
    assert_eq!(events(text, 0), [Event::Read { name: name("VFMAILBOX"), value: 0x8000_0004 }]);
}
