//! Many random frames between two VFs, in both directions at once, with a checker that is itself checked:
//! every loss, duplicate, change of order and of bytes must be found.

use std::num::NonZeroU64;

use fastrand::Rng;

use softnic::{Fault, Mac};

use super::rig::Rig;
use super::rx_ring::RxRing;
use super::tx_ring::{CC, TxRing, context};

/// What a checker has found wrong.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    lost: u64,
    duplicate: u64,
    out_of_order: u64,
    changed: u64,
}

/// One direction.
struct Flow {
    from: usize,
    to: usize,
    tx: TxRing,
    rx: RxRing,
    sent: u64,
    /// By number, whether it came.
    seen: Vec<bool>,
    highest: Option<u64>,
    findings: Findings,
}

/// A byte of frame number `n`, at a place.
fn byte(n: u64, at: usize) -> u8 {
    (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8 ^ at as u8
}

impl Flow {
    fn frame(&mut self, macs: &[Mac], len: usize) -> Vec<u8> {
        let n = self.sent;
        self.sent += 1;
        self.seen.push(false);
        let mut frame = [macs[self.to], macs[self.from]].concat();
        frame.extend([0x88, 0xb5]);
        frame.extend(n.to_le_bytes());
        frame.extend((len as u16).to_le_bytes());
        frame.extend((24..len).map(|at| byte(n, at)));
        frame
    }

    fn check(&mut self, bytes: &[u8]) {
        let n = u64::from_le_bytes(bytes[14..22].try_into().unwrap());
        let len = usize::from(u16::from_le_bytes(bytes[22..24].try_into().unwrap()));
        let intact = len == bytes.len() && (24..len).all(|at| bytes[at] == byte(n, at));
        if !intact || n >= self.sent {
            self.findings.changed += 1;
            return;
        }
        if std::mem::replace(&mut self.seen[n as usize], true) {
            self.findings.duplicate += 1;
        } else if self.highest.is_some_and(|highest| n < highest) {
            self.findings.out_of_order += 1;
        }
        self.highest = self.highest.max(Some(n));
    }
}

/// Sends `count` frames each way and says what was wrong in either direction.
fn exchange(options: &str, count: u64, faults: &[Fault]) -> Findings {
    let mut rig = Rig::new(options);
    let macs = [rig.open(0), rig.open(1)];
    let mut flows: Vec<Flow> = [(0, 1), (1, 0)]
        .into_iter()
        .map(|(from, to)| Flow {
            from,
            to,
            tx: TxRing::with_room(&mut rig, from, 0, 128, 0, 4096),
            rx: RxRing::start(&mut rig, to, 0, 256, 2, 0),
            sent: 0,
            seen: Vec::new(),
            highest: None,
            findings: Findings::default(),
        })
        .collect();
    for flow in &mut flows {
        flow.tx.put(&rig, context([14, 0, 0], 0, 0, 0));
    }
    for fault in faults {
        rig.adapter.inject(*fault);
    }
    let mut random = Rng::with_seed(7);
    while flows.iter().any(|flow| flow.sent < count) {
        for flow in &mut flows {
            for _ in 0..random.usize(..28) {
                if flow.sent == count {
                    break;
                }
                let longest = if random.u8(..8) == 0 { 9014 } else { 300 };
                let len = random.usize(60..=longest);
                let frame = flow.frame(&macs, len);
                let cut = random.usize(1..len.min(4096));
                let pieces: Vec<&[u8]> = match (len, random.u8(..4)) {
                    (4097.., _) => frame.chunks(4000).collect(),
                    (_, 0) => vec![&frame[..cut], &frame[cut..]],
                    _ => vec![&frame],
                };
                flow.tx.put_packet(&rig, &pieces, 0, CC, len);
            }
            flow.tx.ring_doorbell(&mut rig);
        }
        // What was sent must be out of the rings before more is: these drivers keep no account.
        rig.settle();
        for flow in &mut flows {
            for got in flow.rx.poll(&mut rig) {
                flow.check(&got.bytes);
            }
        }
    }
    let mut all = Findings::default();
    for flow in flows {
        all.lost += flow.seen.iter().filter(|seen| !**seen).count() as u64;
        all.duplicate += flow.findings.duplicate;
        all.out_of_order += flow.findings.out_of_order;
        all.changed += flow.findings.changed;
        let (sender, receiver) = (rig.counters(flow.from), rig.counters(flow.to));
        assert_eq!(sender.tx_packets, count);
        assert_eq!(receiver.rx_no_descriptor, 0);
        assert_eq!(
            receiver.rx_packets + receiver.dropped_on_purpose,
            count + flow.findings.duplicate
        );
    }
    all
}

fn one_in(n: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(n)
}

#[test]
fn nothing_is_lost_doubled_reordered_or_changed() {
    assert_eq!(exchange("vfs=2", 50_000, &[]), Findings::default());
    assert_eq!(exchange("vfs=2,model=x550,mdd=on", 10_000, &[]), Findings::default());
}

#[test]
fn the_check_finds_each_fault() {
    let found = |fault| exchange("vfs=2", 2_000, &[fault]);
    let none = Findings::default;
    assert_eq!(found(Fault::DropOneIn(one_in(1_000))), Findings { lost: 4, ..none() });
    assert_eq!(found(Fault::DuplicateOneIn(one_in(1_000))), Findings { duplicate: 4, ..none() });
    let swapped = found(Fault::SwapOneIn(one_in(1_000)));
    assert!((1..=4).contains(&swapped.out_of_order), "{swapped:?}");
    assert_eq!(Findings { out_of_order: 0, ..swapped }, none());
    let changed = found(Fault::CorruptOneIn(one_in(1_000)));
    assert_eq!(changed, Findings { lost: 4, changed: 4, ..none() });
}
