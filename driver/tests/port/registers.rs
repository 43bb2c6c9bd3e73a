//! Register dumps.

use std::collections::BTreeSet;

use crate::fake_vf::{CTS, FakeVf, PING};
use crate::kit::open;

#[test]
fn a_dump_names_each_register_once_and_changes_nothing() {
    let fake = FakeVf::new("regs0");
    let mut port = open(&fake).unwrap();
    let queues = port.start().unwrap();
    fake.model().dropped = 7;
    fake.model().pf.say(PING | CTS);
    let dump = port.registers();
    let names: BTreeSet<_> = dump.iter().map(|register| &register.name).collect();
    let offsets: BTreeSet<_> = dump.iter().map(|register| register.offset).collect();
    assert_eq!((names.len(), offsets.len()), (dump.len(), dump.len()));
    let value = |name: &str| dump.iter().find(|r| r.name == name).map(|r| (r.offset, r.value));
    assert_eq!(value("VTSTATUS"), Some((0x8, 0x83)));
    assert_eq!(value("RDLEN[0]"), Some((0x2808, 64 * 16)));
    assert_eq!(value("RXDCTL[0]").map(|(_, value)| value >> 25 & 1), Some(1));
    assert_eq!(value("TXDCTL[1]").map(|(at, value)| (at, value >> 25 & 1)), Some((0x3928, 0)));
    // The mailbox register, RQDPC and EICR.
    assert!([0xc40, 0x2830, 0x2930, 0x1580].iter().all(|offset| !offsets.contains(offset)));
    assert_eq!(port.stats().device.rx_dropped, Some(7));
    drop(queues);
}

#[test]
fn a_device_that_is_gone_reads_as_all_ones() {
    let fake = FakeVf::new("regs1");
    let port = open(&fake).unwrap();
    fake.model().gone = true;
    let dump = port.registers();
    assert!(!dump.is_empty() && dump.iter().all(|register| register.value == u32::MAX));
}
