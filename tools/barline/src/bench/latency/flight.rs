//! Bursts of frames that are sent, awaited and timed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use barline::{FrameBatch, RxQueue, TxQueue};

use super::Found;
use super::clock::Clock;
use super::probe::{Probe, Stamp};
use crate::bench::worker::Wait;

/// How long a frame may take, in nanoseconds of waiting for it; then it counts as lost.
const PATIENCE: u64 = 1_000_000_000;

/// How many polls there are between looks at the clock, which would make each poll longer.
const LOOKS: u32 = 256;

/// More nanoseconds than this between two such looks were not spent with waiting: the machine or this
/// thread stood still.
const STANDSTILL: u64 = 50_000_000;

/// The first rounds, which are not recorded: this many, or those of this time if that is shorter.
const WARM_UP: (u64, Duration) = (100, Duration::from_millis(50));

/// Both ends of the way.
pub struct Flight<'f> {
    /// Where frames go out.
    pub tx: &'f mut TxQueue,
    /// Where they arrive.
    pub rx: &'f mut RxQueue,
    /// A burst on its way out.
    pub out: FrameBatch<'f>,
    /// What has arrived.
    pub back: FrameBatch<'f>,
    /// Bytes of a frame, without FCS.
    pub len: usize,
    /// What is in it.
    pub probe: Probe,
    /// The clock.
    pub clock: Clock,
    /// What to do while nothing comes.
    pub wait: &'f Wait,
}

impl Flight<'_> {
    /// Sends one burst after the other until `done`.
    pub fn run(&mut self, found: &Mutex<Found>, done: &AtomicBool) {
        let begun = Instant::now();
        let mut recorded = None;
        let mut arrived = Vec::new();
        for round in 0_u64.. {
            if done.load(Ordering::Relaxed) {
                return;
            }
            if recorded.is_none() && (round == WARM_UP.0 || begun.elapsed() >= WARM_UP.1) {
                recorded = Some(Instant::now());
            }
            arrived.clear();
            let lost = self.round(round, &mut arrived);
            if lost > 0 {
                // It will not get better by warming up.
                recorded.get_or_insert(begun);
            }
            let Some(since) = recorded else { continue };
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            for time in &arrived {
                found.times.record(*time);
            }
            found.lost += lost;
            found.elapsed = since.elapsed();
        }
    }

    /// Sends a burst and waits for it. The times of what arrived are in `arrived`; returns how many
    /// frames did not.
    fn round(&mut self, round: u64, arrived: &mut Vec<u64>) -> u64 {
        self.out.clear();
        let room = self.out.room();
        self.out.alloc_many(self.len, room);
        let sent = self.clock.now();
        let mut places = 0_u16;
        for mut packet in self.out.packets_mut() {
            // A frame has at least its 60 bytes in its first buffer.
            let written =
                self.probe.write(packet.head().data(), Stamp { round, place: places, sent });
            debug_assert!(written);
            places += 1;
        }
        let mut missing = vec![true; places.into()];
        let mut left = missing.len();
        let (mut looked, mut waited) = (sent, 0);
        for look in 1_u32.. {
            self.tx.push(&mut self.out);
            if self.rx.poll(&mut self.back) == 0 {
                self.wait.once();
            } else {
                let now = self.clock.now();
                for packet in self.back.packets() {
                    let place = self.probe.place(packet.head().data(), round, sent);
                    let missing = place.and_then(|place| missing.get_mut(place));
                    if let Some(missing) = missing.filter(|missing| **missing) {
                        *missing = false;
                        left -= 1;
                        arrived.push(now - sent);
                    }
                }
                self.back.clear();
            }
            if look.is_multiple_of(LOOKS) {
                let now = self.clock.now();
                waited += (now - looked).min(STANDSTILL);
                looked = now;
            }
            if left == 0 || waited > PATIENCE {
                break;
            }
        }
        left as u64
    }
}
