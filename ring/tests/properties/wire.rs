//! What comes in on the wire, and what a device says of it.

use proptest::prelude::*;

use crate::model::{Chip, Fragment, Report, RxDevice, Sum, packet_bytes};

/// Bytes of the buffers in all properties: the smallest, so that chains are short to write down.
pub const ROOM: usize = 1024;

/// A packet.
#[derive(Clone, Debug)]
pub struct Spec {
    pub len: usize,
    pub vlan: Option<u16>,
    pub rss: Option<(u8, u32)>,
    pub types: u8,
    pub lie: Option<Lie>,
}

/// What is wrong with what the device says of one of a packet's buffers.
#[derive(Clone, Debug)]
pub enum Lie {
    /// Another length.
    Length(u16),
    /// The packet does not end.
    Endless,
    /// The packet is damaged. (Not a lie.)
    Damaged,
    /// After the packet comes an empty buffer that ends it. (Not a lie either.)
    EmptyEnd,
    /// The buffer is never reported.
    Never,
    /// Any words.
    Garbage([u64; 2]),
}

pub fn lie() -> impl Strategy<Value = Lie> {
    prop_oneof![
        3 => prop_oneof![Just(0), Just(ROOM as u16 + 1), any::<u16>()].prop_map(Lie::Length),
        3 => Just(Lie::Endless),
        3 => Just(Lie::Damaged),
        3 => Just(Lie::EmptyEnd),
        1 => Just(Lie::Never),
        2 => any::<[u64; 2]>().prop_map(Lie::Garbage),
        // Garbage that gets past the first look.
        2 => any::<[u64; 2]>().prop_map(|[first, second]| {
            Lie::Garbage([first, second & !(0xffff << 32) | 0x3 | 0x100 << 32])
        }),
    ]
}

/// A packet; one in `honesty + 1` is lied about, or an oddity.
pub fn spec(honesty: u32) -> impl Strategy<Value = Spec> {
    let len =
        prop_oneof![3 => 17..=ROOM, 2 => 17..=4 * ROOM, 1 => (1usize..5).prop_map(|n| n * ROOM)];
    let lie = prop_oneof![honesty => Just(None), 1 => lie().prop_map(Some)];
    let rss = prop::option::of((1u8..16, any::<u32>()));
    (len, any::<Option<u16>>(), rss, any::<u8>(), lie)
        .prop_map(|(len, vlan, rss, types, lie)| Spec { len, vlan, rss, types, lie })
}

/// Puts a packet on the wire.
pub fn send(device: &mut RxDevice, chip: Chip, seq: u32, spec: &Spec) {
    let damaged = matches!(spec.lie, Some(Lie::Damaged));
    let report = Report {
        vlan: spec.vlan,
        looped: spec.types & 1 == 1,
        rss: spec.rss,
        types: spec.types & 0x7f,
        l4: if spec.len.is_multiple_of(2) { Sum::Good } else { Sum::Unknown },
        ip: if spec.types & 0x80 == 0 { Sum::Good } else { Sum::Bad },
        error: damaged,
        ..Report::good(0, true)
    };
    let mut fragments = device.cut(&packet_bytes(seq, spec.len), &report);
    if let Some(Lie::EmptyEnd) = spec.lie {
        device.end_empty(&mut fragments);
    }
    let at = seq as usize % fragments.len();
    if let Some(lie) = &spec.lie {
        tell(chip, lie, &mut fragments, at);
    }
    device.send(fragments);
}

fn tell(chip: Chip, lie: &Lie, fragments: &mut [Fragment], at: usize) {
    let last = fragments.len() - 1;
    let at = if matches!(lie, Lie::Endless) { last } else { at };
    let words = &mut fragments[at].words;
    let report = chip.parse(*words);
    *words = match *lie {
        Lie::Length(len) => chip.write_back(&Report { len, ..report }),
        Lie::Endless => chip.write_back(&Report { end: false, ..report }),
        Lie::Never => chip.write_back(&Report { done: false, ..report }),
        Lie::Damaged | Lie::EmptyEnd => return,
        Lie::Garbage(words) => words,
    };
}
