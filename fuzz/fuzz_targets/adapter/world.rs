//! Two VFs, each in a space of its own.

use std::mem;

use barline_fuzz::datapath::ram::Ram;
use barline_fuzz::datapath::rig::{RAM, Rig, frame, tagged};
use barline_fuzz::datapath::rx_ring::RxRing;
use barline_fuzz::datapath::tx_ring::TxRing;
use softnic::Mac;

use crate::case::{Op, PAGES};

/// Both VFs.
pub struct World {
    pub rig: Rig,
    pub macs: [Mac; 2],
    pub tx: TxRing,
    pub rx: RxRing,
    pub neighbour: RxRing,
    /// Whichever of the memories is not in the rig: VF 0's, but while something is done to it. Goes
    /// after the adapter.
    pub other: Ram,
}

impl World {
    pub fn new(options: &str) -> World {
        let mut rig = Rig::with_pages(options, 128);
        let other = Ram::new(PAGES, RAM);
        let space = rig.adapter.new_space();
        other.map(rig.adapter.space(space).expect("it was just made"));
        let macs = [rig.open(0), rig.open(1)];
        rig.adapter.attach(0, Some(space));
        let neighbour = RxRing::start(&mut rig, 1, 0, 64, 2, 0);
        let mut other = other;
        mem::swap(&mut rig.ram, &mut other);
        let rx = RxRing::start(&mut rig, 0, 0, 32, 1, 0);
        let tx = TxRing::with_room(&mut rig, 0, 0, 32, 0, 64);
        // A header that the neighbour may be sent, where descriptors often point.
        rig.ram.write(RAM + 100, &[macs[1], macs[0]].concat());
        mem::swap(&mut rig.ram, &mut other);
        World { rig, macs, tx, rx, neighbour, other }
    }

    pub fn apply(&mut self, op: &Op) {
        mem::swap(&mut self.rig.ram, &mut self.other);
        let rig = &mut self.rig;
        match op {
            Op::Transmit(words) => drop(self.tx.put(rig, *words)),
            Op::Doorbell => self.tx.ring_doorbell(rig),
            Op::Arm(at, address) => {
                rig.ram.set_words(self.rx.descriptor(usize::from(*at)), [*address, 0]);
            }
            Op::Register(offset, value) => rig.adapter.write(0, *offset, *value),
            Op::Message(words, signal) => {
                for (at, word) in words.iter().enumerate() {
                    rig.adapter.write(0, 0x200 + 4 * at, *word);
                }
                rig.adapter.write(0, 0x2fc, *signal);
            }
            Op::Config(at, bytes) => rig.adapter.config_write(0, *at, bytes),
            Op::Poke(at, bytes) => rig.ram.write(RAM + at, bytes),
            Op::Wire { to, len, tag, seed } => {
                let to = match to % 4 {
                    0 => self.macs[1],
                    1 => [0xff; 6],
                    2 => [*seed; 6],
                    _ => self.macs[0],
                };
                let frame = frame(to, [2; 6], *len, *seed);
                rig.wire(&match tag {
                    Some(tci) => tagged(frame, *tci),
                    None => frame,
                });
            }
            Op::Step => drop(rig.step()),
            Op::Pass(time) => {
                rig.now += time;
                rig.step();
            }
            Op::Feed(frames) => {
                rig.now += 1_000;
                rig.adapter.feed(rig.now, *frames);
                rig.adapter.chill();
            }
            Op::Reset => rig.adapter.reset(0),
            Op::Happen(fault) => rig.adapter.inject(*fault),
        }
        mem::swap(&mut self.rig.ram, &mut self.other);
    }

    /// What has come to VF 1 is for it.
    pub fn look_next_door(&mut self, damaged: bool) {
        for got in self.neighbour.poll(&mut self.rig) {
            assert!((60..=9728).contains(&got.bytes.len()), "{} bytes", got.bytes.len());
            let ours = got.bytes.starts_with(&self.macs[1]) || got.bytes[0] & 1 == 1;
            assert!(ours || damaged, "for somebody else: {:x?}", &got.bytes[..14]);
        }
        for frame in self.rig.taken() {
            assert!((17..=9728 + 4).contains(&frame.len()), "{} bytes", frame.len());
        }
    }
}
