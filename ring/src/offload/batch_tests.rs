//! Every way of asking for the checksums of a batch does what is done for one packet after the other, to the
//! last bit, whatever the packets are.

use std::ptr::NonNull;
use std::sync::Arc;

use proptest::prelude::*;

use crate::frame::{Flags, Frame};
use crate::{Arena, DmaSlice, FrameBatch, Layout, Pool, Simd};

/// Room in a buffer: some packets take several.
const ROOM: usize = 1024;

#[derive(Clone)]
#[repr(C, align(64))]
struct Line([u8; 64]);

#[allow(unsafe_code)]
fn arena() -> Arena {
    let mut lines = vec![Line([0; 64]); 128 * 17];
    let base = NonNull::from_mut(&mut lines[..]).cast();
    let len = 64 * lines.len();
    // SAFETY: memory that lives as long as the `Arc`, and that nobody else reaches.
    let memory = unsafe { DmaSlice::new(base, len, 0, Arc::new(lines)) };
    Arena::new(memory, Layout { headroom: 0, data_room: ROOM }).unwrap()
}

/// A datagram with anything for addresses, ports and payload.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 42..100).prop_map(|mut bytes| {
        let len = bytes.len() as u16;
        bytes[12..16].copy_from_slice(&[0x08, 0x00, 0x45, 0]);
        bytes[16..18].copy_from_slice(&(len - 14).to_be_bytes());
        bytes[20..24].copy_from_slice(&[0x40, 0, 64, 17]);
        bytes[38..40].copy_from_slice(&(len - 34).to_be_bytes());
        bytes
    })
}

/// Mostly a datagram, and mostly a good one.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        40 => datagram(),
        // TCP, or what says that it is.
        2 => (datagram(), 0x40u8..0xa0).prop_map(|(mut bytes, offset)| {
            bytes[23] = 6;
            if let Some(byte) = bytes.get_mut(46) {
                *byte = offset;
            }
            bytes
        }),
        3 => (datagram(), any::<prop::sample::Index>(), 0..8u8).prop_map(|(mut bytes, at, bit)| {
            let at = 12 + at.index(30);
            bytes[at] ^= 1 << bit;
            bytes
        }),
        // As long as it says, but over several frames, or cut off.
        1 => (datagram(), 1usize..3000).prop_map(|(mut bytes, len)| {
            bytes.resize(len, 0);
            bytes
        }),
        1 => prop::collection::vec(any::<u8>(), 1..64),
    ]
}

/// What a batch is afterwards: frames, and their bytes.
fn contents(batch: &FrameBatch<'_>) -> (Vec<Frame>, Vec<Vec<u8>>) {
    (batch.raw().to_vec(), batch.frames().map(|frame| frame.data().to_vec()).collect())
}

proptest! {
    #[test]
    fn a_batch_is_asked_for_by_each_way_as_one_by_one(
        packets in prop::collection::vec((packet(), any::<Option<u16>>(), any::<bool>()), 0..40),
    ) {
        let mut expected = None;
        for simd in [None].into_iter().chain(Simd::available().map(Some)) {
            let arena = arena();
            let pool = Pool::new(&arena, 64);
            let mut batch = pool.batch(160);
            for (bytes, vlan, known) in &packets {
                let mut packet = batch.alloc(bytes.len()).unwrap();
                packet.copy_from(bytes);
                packet.head().set_vlan(*vlan);
                if *known {
                    let head = packet.head_raw();
                    head.flags = head.flags | Flags::RSS | Flags::L4_BAD | Flags::IP_CHECKSUM;
                    head.meta = 0x1234_5678;
                }
            }
            let refused = match simd {
                Some(simd) => batch.request_checksums_by(simd),
                None => batch.packets_mut().filter_map(|mut packet| packet.request_checksums().err()).count(),
            };
            let found = (refused, contents(&batch));
            let expected = expected.get_or_insert_with(|| found.clone());
            prop_assert_eq!(&*expected, &found, "{:?}", simd);
        }
    }

    #[test]
    fn a_batch_is_tagged_by_each_way_as_frame_by_frame(
        frames in prop::collection::vec(any::<(Option<u16>, u16)>(), 0..40),
        tci in any::<Option<u16>>(),
    ) {
        let mut expected = None;
        for simd in [None].into_iter().chain(Simd::available().map(Some)) {
            let arena = arena();
            let pool = Pool::new(&arena, 64);
            let mut batch = pool.batch(40);
            for (vlan, flags) in &frames {
                let mut packet = batch.alloc(60).unwrap();
                packet.head().set_vlan(*vlan);
                let head = packet.head_raw();
                head.flags = head.flags | Flags(flags & Flags::KNOWN.0);
            }
            match simd {
                Some(simd) => batch.set_vlan_by(tci, simd),
                None => batch.frames_mut().for_each(|mut frame| frame.set_vlan(tci)),
            }
            let found = batch.raw().to_vec();
            let expected = expected.get_or_insert_with(|| found.clone());
            prop_assert_eq!(&*expected, &found, "{:?}", simd);
        }
    }
}
