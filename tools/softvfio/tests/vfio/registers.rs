//! A device's regions: read, written and mapped.

use crate::kit::{CONFIG, Rig};

const BAR3: i64 = 3 << 40;

#[test]
fn configuration_space_is_what_vfio_makes_of_a_vfs() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let read = |at: i64| rig.read32(device, CONFIG + at);
    assert_eq!(read(0), 0x10ed_8086, "ids, which a VF does not have itself");
    assert_eq!(read(4), 0x0010_0002, "memory is on, which a VF cannot tell");
    assert_eq!(read(8), 0x0200_0001);
    assert_eq!((read(0x34), read(0x70)), (0x70, 0x0002_a011));
    // What only a program has a use for keeps what it writes.
    rig.write32(device, CONFIG + 0x3c, 0xffff_ff2a);
    assert_eq!(read(0x3c), 0x2a, "the line, and no pin");
    rig.write32(device, CONFIG + 0x0c, 0x1234_4010);
    assert_eq!(read(0x0c), 0x4010);
    // Ids and MSI-X are read only, BARs tell their size.
    for at in [0, 0x70, 0x74, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30] {
        rig.write32(device, CONFIG + at, !0);
    }
    assert_eq!((read(0), read(0x70), read(0x74)), (0x10ed_8086, 0x0002_a011, 3));
    let bars: Vec<u32> = (0..6).map(|bar| read(0x10 + 4 * bar)).collect();
    assert_eq!(bars, [0xffff_c00c, !0, 0, 0xffff_c00c, !0, 0]);
    assert_eq!(read(0x30), 0);
    rig.write32(device, CONFIG + 0x10, 0xdead_beef);
    assert_eq!(read(0x10), 0xdead_800c);
    // Command: bus mastering is the VF's, INTx and memory are kept.
    rig.write32(device, CONFIG + 4, 0x0000_0404);
    assert_eq!(read(4), 0x0010_0404);
    rig.write32(device, CONFIG + 4, 0x0000_0002);
    assert_eq!(read(4), 0x0010_0002);
}

#[test]
fn configuration_space_has_an_end() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let mut all = vec![0; 4096];
    assert_eq!(rig.pread(device, &mut all, CONFIG), Ok(4096));
    assert_eq!(all[0x100..0x104], [1, 0, 1, 0x15]);
    let mut some = [0; 8];
    assert_eq!(rig.pread(device, &mut some[..3], CONFIG + 1), Ok(3));
    assert_eq!(some[..3], all[1..4]);
    for (at, len) in [(4096, 1), (4095, 2), (0x10_0000, 4)] {
        assert_eq!(rig.pread(device, &mut some[..len], CONFIG + at), Err(libc::EFAULT));
        assert_eq!(rig.pwrite(device, &some[..len], CONFIG + at), Err(libc::EFAULT));
    }
    assert_eq!(rig.pread(device, &mut [], CONFIG + 5000), Ok(0), "nothing is asked for");
}

#[test]
fn registers_are_reached_by_calls() {
    let rig = Rig::new("vfs=5");
    let [.., device] = rig.whole(0);
    // VFSTATUS: IOV is on, of 5 VFs.
    assert_eq!(rig.read32(device, 8) >> 10 & 0xff, 5);
    let mut four = [0; 16];
    assert_eq!(rig.pread(device, &mut four, 0x1000), Ok(16));
    rig.write32(device, 0x1000, 0x1234_5680);
    assert_eq!(rig.read32(device, 0x1000), 0x1234_5680);
    let mut byte = [0];
    assert_eq!(rig.pread(device, &mut byte, 0x1001), Ok(1));
    assert_eq!(byte, [0x56]);
    // To the BAR's end and no further.
    assert_eq!(rig.pread(device, &mut four, 0x3ff8), Ok(8));
    assert_eq!(rig.pwrite(device, &four, 0x3ff8), Ok(8));
    for offset in [0x4000, 1 << 40, 2 << 40, 6 << 40, 8 << 40, 9 << 40, i64::MAX, -1] {
        assert_eq!(rig.pread(device, &mut four, offset), Err(libc::EINVAL), "{offset:#x}");
        assert_eq!(rig.pwrite(device, &four, offset), Err(libc::EINVAL), "{offset:#x}");
    }
    // SAFETY: an address at which nothing is.
    let bad = unsafe {
        let nothing = std::ptr::with_exposed_provenance_mut(16);
        [rig.vfio.read_at(device, nothing, 4, 0), rig.vfio.write_at(device, nothing, 4, 0)]
    };
    assert_eq!(bad, [Some(Err(libc::EFAULT)); 2]);
}

#[test]
fn the_table_of_msix_is_out_of_reach() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let mut bytes = [0x55; 64];
    rig.pwrite(device, &[0x77; 64], BAR3).unwrap();
    assert_eq!(rig.pread(device, &mut bytes, BAR3 + 16), Ok(64));
    assert_eq!(bytes[..32], [0xff; 32]);
    assert_eq!(bytes[32..], [0; 32]);
}

#[test]
fn bars_can_be_mapped_within_their_bounds() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let map = |len: usize, flags: i32, offset: i64| {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: at a place that is free.
        let mapped =
            unsafe { rig.vfio.mmap(std::ptr::null_mut(), len, protection, flags, device, offset) };
        mapped.expect("a descriptor of VFIO's")
    };
    for (len, flags, offset) in [
        (0x4000, libc::MAP_PRIVATE, 0),
        (0x4001, libc::MAP_SHARED, 0),
        (0x4000, libc::MAP_SHARED, 0x1000),
        (0x1000, libc::MAP_SHARED, 0x4000),
        (0x1000, libc::MAP_SHARED, 1 << 40),
        (0x1000, libc::MAP_SHARED, CONFIG),
        (0x1000, libc::MAP_SHARED, -4096),
        (usize::MAX, libc::MAP_SHARED, 0),
        (0, libc::MAP_SHARED, 0),
    ] {
        assert_eq!(map(len, flags, offset), Err(libc::EINVAL), "{len:#x} at {offset:#x}");
    }
    // The pages of the rings, which are memory.
    let rings = map(0x2000, libc::MAP_SHARED, 0x1000).unwrap().cast::<u32>();
    rig.write32(device, 0x1000, 0x1234_5680);
    // SAFETY: pages that were just mapped.
    unsafe {
        assert_eq!(rings.read_volatile(), 0x1234_5680);
        rings.add(1).write_volatile(0x42);
    }
    assert_eq!(rig.read32(device, 0x1004), 0x42);
    let table = map(0x4000, libc::MAP_SHARED, BAR3).unwrap().cast::<u32>();
    // SAFETY: as above.
    unsafe { assert_eq!(table.read_volatile(), 0) };
    for (address, len) in [(rings, 0x2000), (table, 0x4000)] {
        // SAFETY: as above; nobody uses them any more.
        unsafe {
            if softvfio::maps::munmap(address.addr(), len).is_none() {
                assert_eq!(libc::munmap(address.cast(), len), 0);
            }
        }
    }
}
