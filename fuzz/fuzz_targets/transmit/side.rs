//! One way of moving descriptors.

use std::collections::VecDeque;

use barline_fuzz::model::{Model, Owner, Rig, Traffic, TxDevice, packet_bytes};
use barline_ring::{FrameBatch, Pool, TxConfig, TxRing};

use crate::case::{Asking, Case, Op, Plain};
use crate::queued::Queued;

/// One way of moving descriptors, with all that it works on.
pub struct Side<'p, F> {
    rig: &'p Rig,
    pools: &'p [Pool; 2],
    tx: TxRing<F>,
    device: TxDevice,
    batch: FrameBatch<'p>,
    /// In the batch.
    queued: VecDeque<Queued>,
    /// Taken by the ring, and not sent.
    taken: VecDeque<Queued>,
    /// The descriptors that it was shown since the last look.
    pub words: Vec<[u64; 2]>,
    max_packet: usize,
    invalid: u64,
    seq: u32,
    honest: bool,
}

impl<'p, F: Model> Side<'p, F> {
    pub fn new(case: &Case, rig: &'p Rig, pools: &'p [Pool; 2]) -> Side<'p, F> {
        let Case { len, max_packet, max_chain, .. } = *case;
        let config = TxConfig { len, max_packet, max_chain, simd: rig.simd };

        let (tx, device) = rig.tx::<F>(config);
        Side {
            rig,
            pools,
            tx,
            device,
            batch: pools[0].batch(case.capacity),
            queued: VecDeque::new(),
            taken: VecDeque::new(),
            words: Vec::new(),
            max_packet,
            invalid: 0,
            seq: 0,
            honest: true,
        }
    }

    pub fn apply(&mut self, case: &Case, op: &Op) {
        match op {
            Op::Plain(count, plain) => {
                // Long ones take long to make.
                let most = if plain.size < 160 { 40 } else { 5 };
                (0..count % most + 1).for_each(|_| self.plain(case, plain));
            }
            Op::Asking(count, asking, twist) => {
                (0..count % 10 + 1).for_each(|_| self.ask(asking));
                self.ask(&twist.applied(asking));
            }
            Op::Push => self.push(case),
            Op::Step(max) => {
                self.device.step(max.map_or(usize::MAX, usize::from));
            }
            Op::Reap(which) => {
                self.tx.reap(&self.pools[usize::from(*which)]);
            }
            Op::Clear => {
                self.batch.clear();
                self.queued.clear();
            }
            Op::Restart => {
                self.compare();
                self.rig.restart_tx(&mut self.tx, &mut self.device);
                self.taken.clear();
                assert_eq!(self.tx.pending(), 0);
            }
            Op::Early => self.device.report_early(),
            Op::Reporting(reporting) => {
                self.device.reporting = *reporting;
                self.honest = false;
            }
            Op::Scribble(slot, words) => {
                // It may take a report back.
                self.device.scribble((*slot).into(), *words);
                self.honest = false;
            }
            Op::MaxPacket(len) => {
                self.max_packet = *len as usize % 20_000;
                self.tx.set_max_packet(self.max_packet);
            }
            Op::Look(offset) => {
                let offset = usize::from(*offset);
                assert_eq!(self.tx.descriptor(offset).is_ok(), offset < case.len);
            }
        }
        self.device.fetch();
        self.compare();
        self.check(matches!(op, Op::Push | Op::Restart));
    }

    fn plain(&mut self, case: &Case, plain: &Plain) {
        let room = case.layout.data_room;
        let most = match plain.size {
            0..=159 => 100,
            160..=223 => room,
            _ => 6 * room,
        };
        let len = 1 + usize::from(plain.len) % most;
        let Some(mut packet) = self.batch.alloc(len) else { return };
        packet.copy_from(&packet_bytes(self.seq, len));
        self.seq += 1;
        let tag = plain.tag.map(|tag| u16::from(tag) % 3);
        let mut head = packet.head();
        head.set_vlan(tag);
        let front = usize::from(plain.front.unsigned_abs());
        if plain.front < 0 && head.prepend(front) {
            head.data()[..front].fill(0x5a);
        }
        // What does not go stays as it is.
        let _ = plain.front > 0 && head.trim_front(front);
        let _ = plain.cut.is_some_and(|len| head.set_len(usize::from(len) % room));
        let frames = || packet.as_ref().frames();
        self.queued.push_back(Queued {
            bytes: frames().flat_map(|frame| frame.data().to_vec()).collect(),
            frames: frames().len(),
            tag,
            asked: None,
            empty: frames().any(|frame| frame.data().is_empty()),
        });
    }

    fn ask(&mut self, asking: &Asking) {
        let traffic = Traffic { seed: self.seq, ..asking.traffic.clone() };
        let bytes = traffic.bytes();
        let Some(mut packet) = self.batch.alloc(bytes.len()) else { return };
        packet.copy_from(&bytes);
        self.seq += 1;
        packet.head().set_vlan(asking.tag);
        let segments = traffic.protocol == 6 && traffic.payload > 0;
        let mss = asking.mss.filter(|_| segments);
        match mss {
            Some(mss) => packet.request_segmentation(mss).expect("it is TCP"),
            None => packet.request_checksums().expect("it has some"),
        };
        let frames = packet.as_ref().frame_count();
        let asked = Some((traffic, mss));
        self.queued.push_back(Queued { bytes, frames, tag: asking.tag, asked, empty: false });
    }

    fn push(&mut self, case: &Case) {
        let before = self.batch.len();
        let mut left = self.tx.push(&mut self.batch);
        assert_eq!(self.batch.len(), before - left);
        while left > 0 {
            let queued = self.queued.pop_front().expect("the ring took what was there");
            left = left.checked_sub(queued.frames).expect("whole packets");
            if queued.may_go(self.max_packet, case.max_chain.min(32)) {
                self.taken.push_back(queued);
            } else {
                self.invalid += 1;
            }
        }
        // It stops only when it may not fit.
        if let Some(queued) = self.queued.front() {
            assert!(self.tx.pending() + queued.frames + 2 > case.len, "there was room");
        }
    }

    /// What goes out is what was taken.
    fn compare(&mut self) {
        self.words.append(&mut self.device.words);
        let mut sent = self.device.sent.drain(..).collect();
        while !VecDeque::is_empty(&sent) {
            let taken = self.taken.pop_front().expect("something was sent that was not taken");
            taken.compare(&mut sent);
        }
    }

    /// Every buffer has one owner.
    fn check(&self, pushed: bool) {
        if pushed {
            self.rig.check_batches(&[&self.batch]);
        }
        assert_eq!(self.tx.counters().invalid.value(), self.invalid);
        let census = self.rig.arena.census();
        let free = census.depot + self.pools[0].free() + self.pools[1].free() + self.batch.len();
        let held = census.total - free;
        assert!((self.rig.ledger.count(Owner::Transmit)..=self.tx.pending()).contains(&held));
    }

    /// What all ways must agree about.
    fn state(&self) -> [u64; 9] {
        let counters = self.tx.counters();
        [
            counters.packets.value(),
            counters.bytes.value(),
            counters.completed.value(),
            counters.lost.value(),
            self.tx.pending() as u64,
            self.batch.len() as u64,
            self.device.reports,
            self.device.tail().into(),
            self.rig.ledger.count(Owner::Transmit) as u64,
        ]
    }

    pub fn agree(&self, other: &Side<'p, F>) {
        assert_eq!(self.state(), other.state());
        assert_eq!(self.words, other.words, "other descriptors");
    }

    /// What was taken goes out, and comes back.
    pub fn finish(mut self) {
        self.device.reporting = true;
        self.device.step(usize::MAX);
        self.compare();
        assert!(self.taken.is_empty(), "taken and never sent");
        self.tx.reap(&self.pools[1]);
        if !self.honest {
            self.rig.restart_tx(&mut self.tx, &mut self.device);
        }
        assert_eq!(self.tx.pending(), 0);
        let counters = self.tx.counters();
        let known = counters.completed.value() + counters.lost.value();
        assert_eq!(known, counters.packets.value());
        let Side { rig, tx, device, batch, .. } = self;
        drop(batch);
        rig.release_tx(tx, device);
    }
}
