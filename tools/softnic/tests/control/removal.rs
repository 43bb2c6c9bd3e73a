//! A VF that goes, a bus that fails, a kernel that wants its device back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use softnic::{Fault, Notice, OpenError};

use super::mailbox_user::MailboxUser;
use super::{MILLISECOND, adapter};

#[test]
fn a_removed_vf_reads_as_all_ones_and_its_neighbour_does_not_notice() {
    let mut adapter = adapter("vfs=2");
    let registers = adapter.open(0).unwrap();
    adapter.open(1).unwrap();
    MailboxUser::new(0).begin(&mut adapter, 4);
    adapter.inject(Fault::Removal { vf: 0 });
    adapter.step(MILLISECOND);
    for offset in (0..0x4000).step_by(4) {
        assert_eq!(adapter.read(0, offset), u32::MAX, "{offset:#x}");
    }
    assert_eq!(registers.load(0x1018), u32::MAX);
    let mut id = [0; 4];
    adapter.config_read(0, 0xa0, &mut id);
    assert_eq!(id, [0xff; 4]);
    // Nothing that is done to it has an effect.
    adapter.write(0, 0, 1 << 26);
    adapter.config_write(0, 4, &[4]);
    adapter.reset(0);
    adapter.step(2 * MILLISECOND);
    assert_eq!(adapter.read(0, 0x2fc), u32::MAX);
    MailboxUser::new(1).begin(&mut adapter, 4);
    adapter.close(0);
    assert!(matches!(adapter.open(0), Err(OpenError::Absent { vf: 0, vfs: 2 })));
}

#[test]
fn notices_wake_who_waits_for_them() {
    let mut adapter = adapter("vfs=2");
    adapter.open(0).unwrap();
    let count = Arc::new(AtomicU32::new(0));
    for (notice, weight) in [(Notice::Request, 1), (Notice::Error, 100)] {
        let count = Arc::clone(&count);
        adapter.set_notice(0, notice, Some(Box::new(move || _ = count.fetch_add(weight, Relaxed))));
    }
    adapter.inject(Fault::WantedBack { vf: 0 });
    adapter.inject(Fault::WantedBack { vf: 1 });
    assert_eq!(count.load(Relaxed), 1);
    adapter.inject(Fault::BusError { vf: 0 });
    assert_eq!(count.load(Relaxed), 101);
    adapter.inject(Fault::Removal { vf: 0 });
    assert_eq!(count.load(Relaxed), 102, "the kernel wants back what is gone");
    adapter.set_notice(0, Notice::Request, None);
    adapter.inject(Fault::WantedBack { vf: 0 });
    assert_eq!(count.load(Relaxed), 102);
}

#[test]
fn what_is_not_open_reads_as_all_ones() {
    let mut adapter = adapter("vfs=2");
    for vf in [1, 2, usize::MAX] {
        adapter.write(vf, 0x1028, 0);
        assert_eq!(adapter.read(vf, 0x1028), u32::MAX);
        let mut bytes = [0; 2];
        adapter.config_read(vf, 4, &mut bytes);
        assert_eq!(bytes, [0xff; 2]);
        adapter.reset(vf);
        adapter.close(vf);
        adapter.inject(Fault::Removal { vf });
        adapter.inject(Fault::PortVlan { vf, vlan: Some(3) });
        assert_eq!(adapter.counters(vf).tx_packets, 0);
    }
}

#[test]
fn statistics_wrap_where_they_were_told_to() {
    let mut adapter = adapter("vfs=2");
    adapter.open(0).unwrap();
    adapter.inject(Fault::CountersNearWrap { vf: 0, short: 16 });
    adapter.step(MILLISECOND);
    for packets in [0x101c, 0x1034, 0x201c] {
        assert_eq!(adapter.read(0, packets), u32::MAX - 15);
    }
    for octets in [0x1020, 0x2020] {
        assert_eq!(adapter.read(0, octets), u32::MAX - 15);
        assert_eq!(adapter.read(0, octets + 4), 0xf);
    }
}
