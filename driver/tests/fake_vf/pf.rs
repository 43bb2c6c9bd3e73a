//! The PF's end of the mailbox: 16 words and a register whose bits 0xb0 clear when they are read.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

const REQ: u32 = 0x01;
const ACK: u32 = 0x02;
const VFU: u32 = 0x04;
const PFU: u32 = 0x08;
const PFSTS: u32 = 0x10;
const PFACK: u32 = 0x20;
const RSTI: u32 = 0x40;
const RSTD: u32 = 0x80;
const CLEARED_BY_READING: u32 = 0xb0;

pub const ACKED: u32 = 0x8000_0000;
pub const NACKED: u32 = 0x4000_0000;
pub const CTS: u32 = 0x2000_0000;
/// What PFs send when they have something to say of themselves.
pub const PING: u32 = 0x0100;

pub const RESET: u16 = 1;
pub const SET_MAC: u16 = 2;
pub const SET_MULTICAST: u16 = 3;
pub const SET_VLAN: u16 = 4;
pub const SET_LPE: u16 = 5;
pub const SET_PROMISC: u16 = 6;

/// Further unicast addresses that the device has place for.
const OTHERS: usize = 19;

/// What the PF has been asked for since it knows the VF, and how it behaves.
#[derive(Debug, Default)]
pub struct Pf {
    pub words: [u32; 16],
    bits: u32,
    outgoing: VecDeque<(Instant, Vec<u32>)>,
    /// The VF has greeted the PF.
    pub known: bool,
    /// The address that the PF gives.
    pub assigned: [u8; 6],
    pub mac: [u8; 6],
    pub vlans: BTreeSet<u32>,
    pub groups: Vec<u16>,
    pub longest: u32,
    pub modes: u32,
    /// Further unicast addresses; a reset of the VF leaves them.
    pub others: Vec<[u8; 6]>,
    /// Every request that the PF took.
    pub requests: Vec<u16>,

    /// Takes nothing and answers nothing.
    pub silent: bool,
    /// Takes these requests, and does not answer.
    pub unanswered: BTreeSet<u16>,
    pub refused: BTreeSet<u16>,
    /// Further addresses for which there is no place.
    pub taken: usize,
    /// Refuses frames longer than this.
    pub longest_granted: Option<u32>,
    /// Grants unicast promiscuous mode, as Linux's igb never does.
    pub generous: bool,
    pub delay: Duration,
    /// Sent before the next answer.
    pub interjection: Option<u32>,
    /// Answers with this word instead, once.
    pub wrong_answer: Option<u32>,
    /// Holds the mailbox and does not let go.
    pub holds: bool,
}

impl Pf {
    /// The register as it reads.
    pub fn read(&mut self) -> u32 {
        self.pump();
        let bits = self.bits | if self.holds { PFU } else { 0 };
        self.bits &= !CLEARED_BY_READING;
        bits
    }

    pub fn write(&mut self, value: u32) {
        if self.holds {
            return;
        }
        self.bits = self.bits & !VFU | value & VFU;
        if value & ACK != 0 && self.outgoing.front().is_some_and(|(_, words)| words.is_empty()) {
            self.outgoing.pop_front();
        }
        if value & REQ != 0 && !self.silent && self.bits & RSTI == 0 {
            self.bits |= PFACK;
            self.take();
        }
    }

    /// Sends a message. It shows when the one before was read.
    pub fn say(&mut self, word: u32) {
        self.outgoing.push_back((Instant::now(), vec![word]));
        self.pump();
    }

    /// Shows the next message, if it is time; the queue's front is the one that is shown.
    fn pump(&mut self) {
        if let Some((due, words)) = self.outgoing.front_mut()
            && Instant::now() >= *due
            && self.bits & VFU == 0
            && !words.is_empty()
        {
            self.words[..words.len()].copy_from_slice(words);
            words.clear();
            self.bits |= PFSTS;
        }
    }

    pub fn begin_reset(&mut self) {
        self.forget();
        self.bits = self.bits & !(PFSTS | PFACK) | RSTI;
    }

    pub fn end_reset(&mut self) {
        self.bits = self.bits & !RSTI | RSTD;
    }

    /// Forgets the VF, as after a reset of either.
    pub fn forget(&mut self) {
        self.outgoing.clear();
        self.known = false;
        self.vlans.clear();
        self.groups.clear();
        (self.mac, self.longest, self.modes) = ([0; 6], 0, 0);
    }

    fn take(&mut self) {
        // What was not read is overwritten.
        self.outgoing.clear();
        let words = self.words;
        let kind = (words[0] & 0xffff) as u16;
        self.requests.push(kind);
        if let Some(word) = self.interjection.take() {
            if word & CTS == 0 {
                self.known = false;
            }
            self.outgoing.push_back((Instant::now(), vec![word]));
        }
        if self.unanswered.contains(&kind) {
            return;
        }
        let answer = match self.wrong_answer.take() {
            Some(word) => vec![word],
            None => self.answer(kind, &words),
        };
        self.outgoing.push_back((Instant::now() + self.delay, answer));
    }

    fn answer(&mut self, kind: u16, words: &[u32; 16]) -> Vec<u32> {
        if kind == RESET {
            self.known = true;
            self.mac = self.assigned;
            let [a, b, c, d, e, f] = self.assigned;
            let word = if self.assigned == [0; 6] { NACKED } else { ACKED };
            return vec![
                word | u32::from(RESET),
                u32::from_le_bytes([a, b, c, d]),
                u32::from_le_bytes([e, f, 0, 0]),
            ];
        }
        if !self.known {
            return vec![words[0] | NACKED];
        }
        if self.refused.contains(&kind) {
            return vec![words[0] | CTS | NACKED];
        }
        let info = words[0] >> 16 & 0xff;
        match kind {
            SET_MAC => {
                let [a, b, c, d] = words[1].to_le_bytes();
                let [e, f, ..] = words[2].to_le_bytes();
                let address = [a, b, c, d, e, f];
                match info {
                    // Whatever it is for.
                    _ if a & 1 != 0 || address == [0; 6] => return vec![words[0] | CTS | NACKED],
                    0 => self.mac = address,
                    1 => self.others.clear(),
                    2 if self.others.len() + self.taken < OTHERS => self.others.push(address),
                    _ => return vec![words[0] | CTS | NACKED],
                }
            }
            SET_MULTICAST => {
                let hashes = words[1..].iter().flat_map(|w| [*w as u16, (*w >> 16) as u16]);
                self.groups = hashes.take(info as usize).collect();
            }
            SET_VLAN if info & 1 != 0 => drop(self.vlans.insert(words[1])),
            SET_VLAN => drop(self.vlans.remove(&words[1])),
            SET_LPE if self.longest_granted.is_some_and(|most| words[1] > most) => {
                self.longest = 0;
                return vec![words[0] | CTS | NACKED];
            }
            SET_LPE => self.longest = words[1],
            SET_PROMISC if info & 1 != 0 && !self.generous => return vec![words[0] | CTS | NACKED],
            SET_PROMISC => self.modes = info,
            _ => return vec![words[0] | CTS | NACKED],
        }
        vec![words[0] | CTS | ACKED]
    }
}
