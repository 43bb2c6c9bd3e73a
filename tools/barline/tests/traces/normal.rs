//! A trace without what is different each time: polling, addresses, time.
//!
//! Kept in their order are writes to registers, messages to the PF and its answers, what a driver waits
//! for after it has turned a queue on or off, bus mastering, and resets by VFIO. Of other reads only
//! that they happen: a device does not care in which order. Not kept are reads that a driver's own
//! clock brings about: the link, statistics, heads and tails. A driver that is interrupted masks its
//! interrupts and lets them through again, as often as it is: what it writes to these registers counts
//! where it is written first.

use std::fmt;

use crate::trace::Event;

/// Something that a driver does in a phase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// A register is written, or bus mastering is switched.
    Write { name: String, value: String },
    /// The PF is sent a message.
    Request { name: String, words: Vec<u32> },
    /// The first word of the PF's answer to a message.
    Answer { name: String, word: u32 },
    /// How a message and its answer used the mailbox's register.
    Protocol { steps: String },
    /// A queue is seen on, or off.
    Seen { name: String, on: bool },
    /// A call on VFIO that changes the device.
    Call { name: String },
    /// A register is read.
    Read { name: String },
}

/// Bit 25 of RXDCTL and TXDCTL: the queue is on.
pub const ENABLE: u64 = 1 << 25;

/// VFMAILBOX: the VF asks, the VF acknowledges, the VF has the buffer.
const STEPS: [(u64, &str); 3] = [(1, "request"), (2, "acknowledge"), (4, "take")];

/// Messages by their first word (Linux's `ixgbe_mbx.h`).
const MESSAGES: [(u32, &str); 13] = [
    (0x01, "RESET"),
    (0x02, "SET_MAC_ADDR"),
    (0x03, "SET_MULTICAST"),
    (0x04, "SET_VLAN"),
    (0x05, "SET_LPE"),
    (0x06, "SET_MACVLAN"),
    (0x08, "API_NEGOTIATE"),
    (0x09, "GET_QUEUES"),
    (0x0a, "GET_RETA"),
    (0x0b, "GET_RSS_KEY"),
    (0x0c, "UPDATE_XCAST_MODE"),
    (0x10, "GET_LINK_STATE"),
    (0x11, "GET_PF_LINK_STATE"),
];

/// What a driver reads when it finds time, or while it waits: by the beginning of its name.
const BY_THE_CLOCK: [&str; 12] = [
    "VFMAILBOX",
    "VFMBMEM",
    "VFLINKS",
    "VFGPRC",
    "VFGORC",
    "VFMPRC",
    "VFGPTC",
    "VFGOTC",
    "VFRDH",
    "VFTDH",
    "VFRDT",
    "VFTDT",
];

/// The registers by which interrupts are masked and let through.
const MASKS: [&str; 4] = ["VTEIMS", "VTEIMC", "VTEIAC", "VTEIAM"];

/// Where configuration space has the command register, and its bit for bus mastering.
const COMMAND: u16 = 4;
const BUS_MASTER: u8 = 4;

/// The items of a phase; the registers that are read come last, each once, by name.
pub fn items(events: &[Event]) -> Vec<Item> {
    let mut normal = Normal::default();
    for event in events {
        normal.take(event);
    }
    normal.end_exchange();
    normal.end_steps();
    let mut items = normal.items;
    items.dedup();
    normal.reads.sort();
    normal.reads.dedup();
    items.extend(normal.reads.into_iter().map(|name| Item::Read { name }));
    items
}

#[derive(Default)]
struct Normal {
    items: Vec<Item>,
    reads: Vec<String>,
    /// Words of the mailbox that were written since the last request, and read since.
    written: Vec<(usize, u32)>,
    first_read: Option<u32>,
    /// The message that waits for its answer.
    asked: Option<String>,
    /// What was written to the mailbox's register since the last exchange began.
    steps: Vec<String>,
    /// Queues that were turned on or off, and not seen so yet.
    turned: Vec<(String, bool)>,
    master: Option<bool>,
}

impl Normal {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Read { name, value } => self.read(name, *value),
            Event::Write { name, value } => self.write(name, *value),
            Event::ConfigWrite { offset, bytes } => self.config(*offset, bytes),
            Event::Call { name } if name == "VFIO_DEVICE_RESET" => {
                // It takes bus mastering, too.
                self.items.push(Item::Call { name: name.clone() });
            }
            Event::Call { .. } => {}
        }
    }

    fn read(&mut self, name: &str, value: u64) {
        if let Some(at) = self.turned.iter().position(|(turned, _)| turned == name) {
            let on = self.turned[at].1;
            if (value & ENABLE != 0) == on {
                self.turned.remove(at);
                self.items.push(Item::Seen { name: name.to_string(), on });
            }
        } else if name == "VFMBMEM(0)" {
            self.first_read.get_or_insert(value as u32);
        }
        if !BY_THE_CLOCK.iter().any(|kind| name.starts_with(kind)) {
            self.reads.push(name.to_string());
        }
    }

    fn write(&mut self, name: &str, value: u64) {
        if let Some(word) = name.strip_prefix("VFMBMEM(").and_then(|rest| rest.strip_suffix(')')) {
            self.written.push((word.parse().expect("a number"), value as u32));
            return;
        }
        if name == "VFMAILBOX" {
            return self.mailbox(value);
        }
        if name.starts_with("VFRXDCTL") || name.starts_with("VFTXDCTL") {
            self.turned.retain(|(turned, _)| turned != name);
            self.turned.push((name.to_string(), value & ENABLE != 0));
        }
        let value = match name {
            _ if is_address(name) && value != 0 => "address".to_string(),
            _ => format!("{value:08x}"),
        };
        if self.asked.is_none() {
            self.end_exchange();
        }
        let item = Item::Write { name: name.to_string(), value };
        let again = MASKS.contains(&name) && self.items.contains(&item);
        if !again {
            self.items.push(item);
        }
    }

    fn mailbox(&mut self, value: u64) {
        let steps = STEPS.iter().filter(|(bit, _)| value & bit != 0).map(|(_, name)| *name);
        let mut step = steps.collect::<Vec<_>>().join("+");
        if step.is_empty() {
            step = "release".to_string();
        }
        if value & 1 != 0 {
            self.request();
        }
        // Who tries again and again to take the buffer takes it once.
        if self.steps.last() != Some(&step) {
            self.steps.push(step);
        }
        if value & 2 != 0 || value == 0 && self.first_read.is_some() {
            self.answered();
        }
    }

    /// A message goes out: what was written is its words, up to the last that is not 0.
    fn request(&mut self) {
        self.end_exchange();
        let len = self.written.iter().filter(|(_, word)| *word != 0).map(|(at, _)| at + 1).max();
        let mut words = vec![0; len.unwrap_or(1)];
        for (at, word) in self.written.drain(..) {
            if let Some(place) = words.get_mut(at) {
                *place = word;
            }
        }
        let name = message(words[0]);
        self.asked = Some(name.clone());
        self.first_read = None;
        self.items.push(Item::Request { name, words });
    }

    /// What was read is taken for the answer.
    fn answered(&mut self) {
        if let (Some(word), Some(name)) = (self.first_read.take(), self.asked.take()) {
            self.items.push(Item::Answer { name, word });
        }
    }

    /// What follows in the mailbox belongs to another message, and so does the buffer if it was taken last.
    fn end_exchange(&mut self) {
        self.answered();
        let taken =
            (self.steps.last().map(String::as_str) == Some("take")).then(|| self.steps.pop());
        self.end_steps();
        self.steps.extend(taken.flatten());
    }

    fn end_steps(&mut self) {
        if !self.steps.is_empty() {
            let steps = std::mem::take(&mut self.steps).join(" ");
            self.items.push(Item::Protocol { steps });
        }
    }

    fn config(&mut self, offset: u16, bytes: &[u8]) {
        let command = COMMAND.checked_sub(offset).and_then(|at| bytes.get(usize::from(at)));
        let Some(command) = command else { return };
        let on = command & BUS_MASTER != 0;
        if self.master.replace(on) != Some(on) {
            let value = if on { "on" } else { "off" };
            self.items.push(Item::Write { name: "bus master".into(), value: value.into() });
        }
    }
}

/// Whether a register holds half of an address in memory.
fn is_address(name: &str) -> bool {
    ["VFRDBA", "VFTDBA", "VFTDWBA"].iter().any(|kind| name.starts_with(kind))
}

fn message(word: u32) -> String {
    let found = MESSAGES.iter().find(|(number, _)| *number == word & 0xff);
    found.map_or_else(|| format!("message {:02x}", word & 0xff), |(_, name)| name.to_string())
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Write { name, value } => write!(f, "write {name} {value}"),
            Item::Request { name, words } => {
                write!(f, "request {name}")?;
                words.iter().try_for_each(|word| write!(f, " {word:08x}"))
            }
            Item::Answer { name, word } => write!(f, "answer {name} {word:08x}"),
            Item::Protocol { steps } => write!(f, "mailbox {steps}"),
            Item::Seen { name, on } => write!(f, "seen {name} {}", if *on { "on" } else { "off" }),
            Item::Call { name } => write!(f, "call {name}"),
            Item::Read { name } => write!(f, "read {name}"),
        }
    }
}

#[cfg(test)]
#[path = "normal_tests.rs"]
mod tests;
