//! Registers as the driver leaves them, by its dump.
#![allow(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};

use barline::{Config, Event, Port};
use softnic::Fault;

use crate::kit::{Rig, config, event, large_arena, queues};
use crate::node::Node;
use crate::tamper::{Started, Tamper};

fn dump(node: &Node) -> BTreeMap<String, u32> {
    let registers = node.port.registers();
    let offsets: BTreeSet<_> = registers.iter().map(|register| register.offset).collect();
    assert_eq!(offsets.len(), registers.len(), "each once");
    // VFMAILBOX, VTEICR, VTEICS, VTEIMC.
    assert!([0x2fc, 0x100, 0x104, 0x10c].iter().all(|offset| !offsets.contains(offset)));
    registers.into_iter().map(|register| (register.name, register.value)).collect()
}

#[track_caller]
fn assert_are(dump: &BTreeMap<String, u32>, expected: &[(&str, u32)]) {
    for (name, value) in expected {
        let found = dump.get(*name).map(|value| format!("{value:#010x}"));
        assert_eq!(found, Some(format!("{value:#010x}")), "{name}");
    }
}

#[test]
fn queues_are_set_up_as_the_datasheet_wants_them() {
    let rig = Rig::new("model=82599,mtu=9000");
    let node = rig.node(0, Config { max_frame: 9018, arena: Some(large_arena()), ..queues(4) });
    let dump = dump(&node);
    for n in 0..4 {
        for (name, value) in [
            ("VFRDLEN", 64 * 16),
            // One buffer of 2 KiB, drop when there is none.
            ("VFSRRCTL", 1 << 28 | 1 << 25 | 2),
            // On; no limit of length on an 82599, tags left in.
            ("VFRXDCTL", 1 << 25),
            ("VFTDLEN", 64 * 16),
            // On; write-back at once.
            ("VFTXDCTL", 1 << 25 | 1 << 8 | 32),
            // Write-backs and received data in order.
            ("VFDCA_RXCTRL", 1 << 9),
            ("VFDCA_TXCTRL", 1 << 9 | 1 << 13),
            // No head write-back.
            ("VFTDWBAL", 0),
            ("VFTDWBAH", 0),
        ] {
            assert_are(&dump, &[(&format!("{name}[{n}]"), value)]);
        }
    }
    assert_are(
        &dump,
        &[
            // Four queues, so two bits.
            ("VFPSRTYPE", 2 << 29),
            // The mailbox on vector 0, queues on 1 and 2 in turn.
            ("VTIVAR_MISC", 0x80),
            ("VTIVAR[0]", 0x0082_0081),
            ("VTIVAR[1]", 0x0082_0081),
            ("VTEIMS", 0b001),
            ("VTEIAC", 0b111),
            ("VTEIAM", 0b110),
            // 10 us.
            ("VTEITR[0]", 5 << 3),
            ("VTEITR[2]", 5 << 3),
        ],
    );
    assert!(!dump.contains_key("VFMRQC"));
}

#[test]
fn later_devices_have_a_limit_of_length_and_rss_of_their_own() {
    let rig = Rig::new("model=x550");
    let node = rig.node(0, Config { vlan_strip: true, ..queues(2) });
    assert_are(
        &dump(&node),
        &[
            ("VFRXDCTL[0]", 1 << 30 | 1 << 25 | 1 << 15 | 1522),
            ("VFPSRTYPE", 1 << 29),
            ("VFMRQC", 1 << 16 | 1 << 17 | 1 << 20 | 1 << 21 | 1),
            ("VFRSSRK[0]", 0xda56_5a6d),
            ("VFRETA[15]", 0x0100_0100),
        ],
    );
}

#[test]
fn what_the_vfs_last_user_left_is_gone() {
    // Head write-back is what no reset takes away, and the device would go on to write there.
    // So would it go on to read what the tail says. The bases are what a reset does take.
    let left = [
        (0x2038, 0x1001),
        (0x203c, 1),
        (0x1010, 5),
        (0x1018, 9),
        (0x2010, 5),
        (0x2018, 9),
        (0x1028, 1 << 15 | 100),
        (0x300, 3 << 29),
        (0x1014, 0),
        (0x1040, 0x8000),
    ];
    let rig = Rig::new("");
    let transport = rig.adapter.transport(0).unwrap();
    for (offset, value) in left {
        // SAFETY: bus mastering is off, and the queues are: the device reaches no memory.
        unsafe { transport.write32(0, offset, value) };
    }
    let tamper = Tamper::new(transport, Box::new(|_, _, told| told));
    let node = Node::start(Port::on(tamper.clone(), config()).unwrap());
    // No queue was on with a tail of somebody else's.
    let started = [0x1028, 0x2028].map(|control| Started { control, head: 0, tail: 0 });
    assert_eq!(tamper.started(), started);
    assert_are(
        &dump(&node),
        &[
            ("VFTDWBAL[0]", 0),
            ("VFTDWBAH[0]", 0),
            ("VFRDH[0]", 0),
            ("VFRDT[0]", 32),
            ("VFTDH[0]", 0),
            ("VFTDT[0]", 0),
            ("VFRDBAL[1]", 0),
            ("VFRXDCTL[0]", 1 << 25),
            ("VFPSRTYPE", 0),
            ("VFSRRCTL[0]", 1 << 28 | 1 << 25 | 2),
        ],
    );
}

#[test]
fn a_dump_takes_nothing_from_who_listens() {
    let rig = Rig::new("model=x550");
    let node = rig.node(0, config());
    for up in [false, true, false] {
        rig.inject(Fault::Link { up });
        for _ in 0..20 {
            dump(&node);
        }
        event(&node.port, |event| matches!(event, Event::Link(state) if state.is_up() == up));
    }
}
