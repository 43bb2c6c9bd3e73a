//! Whatever a driver puts into descriptors and registers, nothing panics, nothing outside its memory is
//! reached (a sanitizer would see), and a VF next to it works on.

use proptest::prelude::*;

use super::rig::{RAM, Rig, frame};
use super::rx_ring::RxRing;
use super::tx_ring::*;

/// Pages of memory.
const PAGES: usize = 64;

/// What an address may be: inside the memory, about its ends, or anything.
fn address() -> impl Strategy<Value = u64> {
    let len = (PAGES * 4096) as u64;
    prop_oneof![
        4 => (0..len).prop_map(|at| RAM + at),
        // So that many a buffer ends a few bytes before or behind the memory.
        2 => (0..1200u64).prop_map(move |at| RAM + len - 1100 + at),
        1 => (0..64u64).prop_map(|at| RAM - 32 + at),
        1 => any::<u64>(),
    ]
}

/// A descriptor: data and contexts with random fields, or anything.
fn words() -> impl Strategy<Value = [u64; 2]> {
    let bits =
        prop::sample::select(vec![EOP, IFCS, RS, VLE, TSE, CC, IXSM, TXSM, idx(1), DEXT, DD]);
    let length = prop_oneof![3 => 0u64..1100, 1 => 0u64..10_000];
    // Half of them are right but for their addresses.
    let wrong = prop_oneof![Just((vec![], 0)), (prop::collection::vec(bits, 0..4), -2i64..3),];
    let data = (address(), wrong, length).prop_map(|(address, (bits, off), len)| {
        let payload = paylen((len as i64 + off).max(0) as usize & 0x3ffff);
        let word = DATA | DEXT | IFCS | EOP | RS | len | payload;
        [address, bits.into_iter().fold(word, |word, bit| word ^ bit)]
    });
    let context = (0u64..128, 0u64..512, 0u64..256, any::<u16>(), 0u64..2000, any::<u16>())
        .prop_map(|(mac, ip, l4, vlan, mss, rest)| {
            context(
                [mac, ip, l4],
                vlan,
                mss,
                u64::from(rest & 0x3f) << 9 | idx(u64::from(rest) >> 15),
            )
        });
    prop_oneof![
        4 => data,
        3 => context,
        2 => any::<[u64; 2]>(),
        1 => (address(), any::<u64>()).prop_map(|(address, word)| [address, word | DEXT | DATA]),
    ]
}

/// One register of a queue, by its place in the block.
fn register() -> impl Strategy<Value = (usize, u32)> {
    let place = prop::sample::select((0..16usize).map(|n| n * 4).collect::<Vec<_>>());
    let value = prop_oneof![
        any::<u32>(),
        0u32..80,
        address().prop_map(|address| address as u32),
        Just(1 << 25),
        Just(1 << 25 | 2),
        Just(1024),
    ];
    (place, value)
}

fn model() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["82599", "x550", "x550,mdd=on"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_transmit_descriptors(
        model in model(), words in prop::collection::vec(words(), 1..200), bytes in any::<[u8; 64]>(),
    ) {
        let mut rig = Rig::with_pages(&format!("vfs=2,model={model},spoof=off"), PAGES);
        let macs = [rig.open(0), rig.open(1)];
        let mut rx = RxRing::start(&mut rig, 1, 0, 64, 1, 0);
        let mut tx = TxRing::with_room(&mut rig, 0, 0, 64, 0, 64);
        rig.ram.write(RAM + 100, &[macs[1], macs[0]].concat());
        rig.ram.write(RAM + 112, &bytes);
        for words in words.chunks(40) {
            for words in words {
                tx.put(&rig, *words);
            }
            tx.ring_doorbell(&mut rig);
            for _ in 0..4 {
                rig.step();
            }
        }
        rig.taken();
        // The receiver has its memory overwritten, perhaps; the adapter still works for it.
        rx.restart(&mut rig, 0);
        let sent = frame(macs[1], macs[0], 60, 1);
        rig.wire(&sent);
        rig.step();
        let last = rx.poll(&mut rig).pop();
        prop_assert_eq!(last.map(|got| got.bytes), Some(sent));
    }

    #[test]
    fn any_receive_descriptors(
        addresses in prop::collection::vec(address(), 64), lengths in prop::collection::vec(60..9000usize, 1..60),
    ) {
        let mut rig = Rig::with_pages("vfs=2", PAGES);
        let mac = rig.open(0);
        let rx = RxRing::start(&mut rig, 0, 0, 64, 1, 0);
        for (at, address) in addresses.into_iter().enumerate() {
            // Buffers may lie on the ring itself, which changes what is fetched next.
            rig.ram.set_words(rx.descriptor(at), [address, 0]);
        }
        for len in lengths {
            rig.wire(&frame(mac, [2; 6], len, 0));
            rig.step();
        }
        let counters = rig.counters(0);
        prop_assert!(counters.rx_packets + counters.rx_no_descriptor > 0);
    }

    #[test]
    fn any_registers(
        model in model(),
        writes in prop::collection::vec((any::<bool>(), 0usize..2, register(), any::<bool>()), 1..300),
    ) {
        let mut rig = Rig::with_pages(&format!("vfs=2,model={model}"), PAGES);
        let macs = [rig.open(0), rig.open(1)];
        let _rings = [RxRing::start(&mut rig, 0, 0, 32, 1, 0), RxRing::start(&mut rig, 0, 1, 32, 1, 0)];
        let _tx = TxRing::with_room(&mut rig, 0, 0, 32, 0, 64);
        for (is_tx, queue, (place, value), step) in writes {
            let block = if is_tx { 0x2000 } else { 0x1000 };
            rig.adapter.write(0, block + queue * 0x40 + place, value);
            if step {
                rig.wire(&frame(macs[0], macs[1], 200, 0));
                rig.step();
            }
        }
        let mut rx = RxRing::start(&mut rig, 1, 0, 32, 1, 0);
        let sent = frame(macs[1], [2; 6], 60, 1);
        rig.wire(&sent);
        rig.step();
        prop_assert_eq!(rx.poll(&mut rig).pop().map(|got| got.bytes), Some(sent));
    }
}
