//! Frames between VFs and wire: who gets what, who may send what, and how fast.

use softnic::{Fault, Mac};

use super::rig::{Rig, frame};
use super::rx_ring::{LB, RxRing};
use super::tx_ring::TxRing;

const PEER: Mac = [2, 0, 0, 0, 0, 0xee];
const EVERYBODY: Mac = [0xff; 6];

/// VFs with a ring in each direction.
struct Net {
    rig: Rig,
    macs: Vec<Mac>,
    rx: Vec<RxRing>,
    tx: Vec<TxRing>,
}

fn net(options: &str, vfs: usize) -> Net {
    let mut rig = Rig::new(options);
    let macs = (0..vfs).map(|vf| rig.open(vf)).collect();
    let rx = (0..vfs).map(|vf| RxRing::start(&mut rig, vf, 0, 64, 2, 0)).collect();
    let tx = (0..vfs).map(|vf| TxRing::start(&mut rig, vf, 0, 64, 0)).collect();
    Net { rig, macs, rx, tx }
}

impl Net {
    /// Sends a frame and says who got it: VFs, and whether the wire did.
    fn send(&mut self, from: usize, frame: &[u8]) -> (Vec<usize>, bool) {
        self.tx[from].send(&mut self.rig, frame);
        self.rig.settle();
        (self.receivers(frame), !self.rig.taken().is_empty())
    }

    fn receivers(&mut self, frame: &[u8]) -> Vec<usize> {
        let mut all = Vec::new();
        for vf in 0..self.rx.len() {
            for got in self.rx[vf].poll(&mut self.rig) {
                assert_eq!(got.bytes, frame);
                all.push(vf);
            }
        }
        all
    }
}

#[test]
fn frames_find_their_receiver() {
    let mut net = net("vfs=3", 3);
    let [a, b, c] = [net.macs[0], net.macs[1], net.macs[2]];
    assert_eq!(net.send(0, &frame(b, a, 60, 1)), (vec![1], false));
    assert_eq!(net.send(2, &frame(a, c, 60, 2)), (vec![0], false));
    assert_eq!(net.send(0, &frame(PEER, a, 60, 3)), (vec![], true));
    assert_eq!(net.send(0, &frame(a, a, 60, 4)), (vec![], false), "not to oneself");
    assert_eq!(net.send(1, &frame(EVERYBODY, b, 60, 5)), (vec![0, 2], true));
    let counters = net.rig.counters(2);
    assert_eq!((counters.rx_packets, counters.rx_multicast), (1, 0));
    let to_c = frame(c, PEER, 1500, 6);
    net.rig.wire(&to_c);
    net.rig.wire(&frame(PEER, PEER, 60, 7));
    net.rig.settle();
    assert_eq!(net.receivers(&to_c), [2]);
    assert_eq!(net.rig.taken().len(), 0, "nothing goes back to the wire");
    assert_eq!(net.rig.adapter.switch_counters().unwanted, 2);
}

#[test]
fn a_frame_of_this_adapter_says_so() {
    let mut net = net("vfs=2", 2);
    let [a, b] = [net.macs[0], net.macs[1]];
    net.tx[0].send(&mut net.rig, &frame(b, a, 60, 1));
    net.rig.wire(&frame(b, PEER, 60, 2));
    net.rig.settle();
    let looped: Vec<bool> =
        net.rx[1].poll(&mut net.rig).iter().map(|got| got.second & LB != 0).collect();
    assert_eq!(looped, [true, false]);
}

#[test]
fn groups_are_joined_by_hash() {
    let mut net = net("vfs=3", 3);
    let a = net.macs[0];
    let group = [0x01, 0x00, 0x5e, 0x00, 0x12, 0x34];
    assert_eq!(net.send(0, &frame(group, a, 60, 1)), (vec![], true));
    // One hash: the upper 12 bits of 0x3412. Then the mode for multicast.
    assert_eq!(net.rig.ask(1, &[0x0001_0003, 0x341])[0] >> 31, 1);
    assert_eq!(net.rig.ask(1, &[0x0c, 1])[0] >> 31, 1);
    assert_eq!(net.send(0, &frame(group, a, 60, 2)), (vec![1], true));
    let twin = [0x03, 0x00, 0x5e, 0x00, 0x1f, 0x34];
    assert_eq!(net.send(0, &frame(twin, a, 60, 3)), (vec![1], true), "of the same hash");
    let other = [0x01, 0x00, 0x5e, 0x00, 0x22, 0x34];
    assert_eq!(net.send(0, &frame(other, a, 60, 4)), (vec![], true));
    assert_eq!(net.rig.counters(1).rx_multicast, 2);
    let sent = net.rig.counters(0);
    assert_eq!(sent.tx_packets, 4);
}

#[test]
fn a_sender_is_held_to_its_address() {
    for (options, sent) in [("vfs=2", 0), ("vfs=2,spoof=off", 1)] {
        let mut net = net(options, 2);
        let b = net.macs[1];
        assert_eq!(net.send(0, &frame(b, PEER, 60, 1)).0.len(), sent, "{options}");
        let counters = net.rig.counters(0);
        assert_eq!((counters.tx_spoofed, counters.tx_packets), (1 - sent as u64, sent as u64));
        assert!(net.tx[0].is_done(&net.rig, 0), "the VF is not told");
    }
}

#[test]
fn a_vf_that_is_gone_gets_nothing_and_its_frames_do_not_leave() {
    let mut net = net("vfs=3", 3);
    let [a, b, c] = [net.macs[0], net.macs[1], net.macs[2]];
    net.rig.adapter.inject(Fault::Removal { vf: 1 });
    assert_eq!(net.send(0, &frame(EVERYBODY, a, 60, 1)), (vec![2], true));
    net.rig.adapter.close(1);
    assert_eq!(net.send(2, &frame(b, c, 60, 2)), (vec![], false));
    net.tx[1].send(&mut net.rig, &frame(a, b, 60, 3));
    assert_eq!(net.rig.settle(), 0);
}

#[test]
fn a_reset_of_the_pf_ends_traffic_until_the_vf_has_greeted() {
    let mut net = net("vfs=2", 2);
    let [a, b] = [net.macs[0], net.macs[1]];
    net.rig.adapter.inject(Fault::PfReset);
    assert_eq!(net.send(0, &frame(b, a, 60, 1)), (vec![], false));
    net.rig.now += 100_000_000;
    net.rig.step();
    net.rig.now += 100_000_000;
    net.rig.step();
    for vf in 0..2 {
        net.rig.greet(vf);
        net.rx[vf].restart(&mut net.rig, 0);
        net.tx[vf].restart(&mut net.rig, 0);
    }
    assert_eq!(net.send(0, &frame(b, a, 60, 2)), (vec![1], false));
}

#[test]
fn a_rate_limit_has_queues_wait() {
    // 100 Mbit/s.
    let mut net = net("vfs=2,rate=100", 2);
    let a = net.macs[0];
    let mut waiting = 0;
    let start = net.rig.now;
    let mut sent = 0;
    // A tenth of a second.
    while net.rig.now - start < 100_000_000 {
        while waiting < 60 {
            net.tx[0].send(&mut net.rig, &frame(PEER, a, 1000, 0));
            waiting += 1;
        }
        net.rig.now += 99_000;
        let moved = net.rig.step();
        sent += moved;
        waiting -= moved;
    }
    let bits = sent as u64 * 1004 * 8;
    // A millisecond's burst more than a tenth of the rate.
    assert!((9_900_000..10_200_000).contains(&bits), "{bits} bits in 100 ms");
    assert_eq!(net.rig.counters(0).tx_packets, sent as u64, "nothing is lost");
}

#[test]
fn all_vfs_are_served_in_a_step() {
    let mut net = net("vfs=63", 63);
    for vf in 0..63 {
        let (to, from) = (net.macs[(vf + 1) % 63], net.macs[vf]);
        for n in 0..40 {
            net.tx[vf].send(&mut net.rig, &frame(to, from, 60, n));
        }
    }
    assert_eq!(net.rig.step(), 63 * 40);
    for vf in 0..63 {
        let got = net.rx[vf].poll(&mut net.rig);
        let seeds: Vec<u8> = got.iter().map(|got| got.bytes[14]).collect();
        assert_eq!(seeds, (0..40).collect::<Vec<u8>>(), "VF {vf}");
    }
}
