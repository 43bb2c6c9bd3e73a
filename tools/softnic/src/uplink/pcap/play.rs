//! Plays a file.

use std::path::{Path, PathBuf};

use super::source::{Packet, Source};
use crate::Facts;
use crate::plane::FRAME_MAX;
use crate::uplink::reflect::has_room;
use crate::uplink::{FRAME_MIN, UplinkCounters, UplinkError, Wire};

pub(super) struct Player {
    path: PathBuf,
    repeat: bool,
    pace: bool,
    /// None when all was played.
    source: Option<Source>,
    /// What is sent next.
    next: Option<Packet>,
    /// A step's time and that of the packet that was sent then: the first since the file was opened.
    start: Option<(u64, u64)>,
}

impl Player {
    pub(super) fn open(path: &Path, repeat: bool, pace: bool) -> Result<Player, UplinkError> {
        let source = Some(Source::open(path)?);
        Ok(Player { path: path.into(), repeat, pace, source, next: None, start: None })
    }

    /// Sends what is due. Returns how many frames that were.
    pub(super) fn play(
        &mut self,
        now: u64,
        budget: usize,
        wire: &mut dyn Wire,
        counters: &mut UplinkCounters,
    ) -> usize {
        let mut sent = 0;
        while sent < budget {
            if self.next.is_none() {
                self.next = self.read(counters);
            }
            let Some(packet) = self.next.as_ref() else { break };
            let start = *self.start.get_or_insert((now, packet.time));
            let due = if self.pace {
                now.saturating_sub(start.0) >= packet.time.saturating_sub(start.1)
            } else {
                has_room(wire, &packet.bytes)
            };
            if !due {
                break;
            }
            wire.deliver(&packet.bytes, &Facts::of(&packet.bytes));
            counters.sent.count(packet.bytes.len());
            self.next = None;
            sent += 1;
        }
        sent
    }

    /// The next packet that can be sent, from the start again after the end if that is wanted.
    fn read(&mut self, counters: &mut UplinkCounters) -> Option<Packet> {
        // A file without one good packet is not read for ever.
        let mut again = self.repeat;
        loop {
            match self.source.as_mut()?.next() {
                Some(Ok(mut packet)) if (14..=FRAME_MAX).contains(&packet.bytes.len()) => {
                    packet.bytes.resize(packet.bytes.len().max(FRAME_MIN), 0);
                    return Some(packet);
                }
                Some(Ok(_)) => counters.unusable += 1,
                Some(Err(error)) => {
                    tracing::warn!(path = %self.path.display(), %error, "the file ends here");
                    counters.unusable += 1;
                    self.source = None;
                }
                None => self.source = None,
            }
            if self.source.is_none() {
                if !again {
                    return None;
                }
                again = false;
                self.start = None;
                self.source = Source::open(&self.path).ok();
            }
        }
    }
}
