//! Devices: what they tell of themselves, resets.

use crate::kit::{
    CONFIG, DEVICE_FEATURE, DEVICE_GET_INFO, DEVICE_GET_IRQ_INFO, DEVICE_GET_REGION_INFO,
    DEVICE_RESET, HOT_RESET, HOT_RESET_INFO, Rig, request,
};

#[test]
fn it_tells_of_itself() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let mut info = [16_u32, !0, !0, !0, !0, !0, !0];
    assert_eq!(rig.call(device, DEVICE_GET_INFO, &mut info), Ok(0));
    // PCI, can be reset; nine regions, five kinds of interrupts. Nothing beyond the room.
    assert_eq!(info, [16, 3, 9, 5, !0, !0, !0]);
    info[0] = 24;
    assert_eq!(rig.call(device, DEVICE_GET_INFO, &mut info), Ok(0));
    assert_eq!(info, [24, 3, 9, 5, 0, 0, !0]);
    assert_eq!(rig.call(device, DEVICE_GET_INFO, &mut [15_u32; 6]), Err(libc::EINVAL));
    assert_eq!(rig.number(device, DEVICE_GET_INFO, 8), Err(libc::EFAULT));
    assert_eq!(rig.number(device, request(99), 0), Err(libc::ENOTTY));
}

/// `vfio_region_info`: flags, where capabilities are, size, offset; and what is behind it.
fn region(rig: &Rig, device: i32, index: u32, argsz: u32) -> Result<([u64; 5], [u32; 3]), i32> {
    let mut info = [0x77_u32; 11];
    info[..4].copy_from_slice(&[argsz, 0x55, index, 0x66]);
    rig.call(device, DEVICE_GET_REGION_INFO, &mut info)?;
    let wide = |at: usize| u64::from(info[at]) | u64::from(info[at + 1]) << 32;
    let narrow = |at: usize| u64::from(info[at]);
    let fields = [narrow(0), narrow(1), narrow(3), wide(4), wide(6)];
    Ok((fields, [info[8], info[9], info[10]]))
}

#[test]
fn its_regions_are_two_bars_and_the_configuration_space() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let ask = |index, argsz| region(&rig, device, index, argsz);
    // Read, write and map; offsets by number.
    assert_eq!(ask(0, 32), Ok(([32, 7, 0x66, 0x4000, 0], [0x77; 3])));
    assert_eq!(ask(7, 32), Ok(([32, 3, 0x66, 4096, 7 << 40], [0x77; 3])));
    for absent in [1, 2, 4, 5, 6] {
        let offset = u64::from(absent) << 40;
        assert_eq!(ask(absent, 32), Ok(([32, 0, 0x66, 0, offset], [0x77; 3])));
    }
    // The BAR with the table of MSI-X has a capability: it can be mapped all the same.
    assert_eq!(ask(3, 32), Ok(([40, 15, 0, 0x4000, 3 << 40], [0x77; 3])));
    assert_eq!(ask(3, 40), Ok(([40, 15, 32, 0x4000, 3 << 40], [3 | 1 << 16, 0, 0x77])));
    for (index, argsz) in [(8, 32), (9, 32), (u32::MAX, 32), (0, 31)] {
        assert_eq!(ask(index, argsz), Err(libc::EINVAL), "{index}");
    }
}

#[test]
fn its_interrupts_are_msix_and_two_notices() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let ask = |argsz: u32, index: u32| {
        let mut info = [argsz, 0, index, 0];
        rig.call(device, DEVICE_GET_IRQ_INFO, &mut info).map(|_| (info[1], info[3]))
    };
    // By eventfd; INTx can be masked, the others come as many as they are.
    assert_eq!(ask(16, 0), Ok((7, 0)));
    assert_eq!(ask(16, 1), Ok((9, 0)));
    assert_eq!(ask(16, 2), Ok((9, 3)));
    assert_eq!(ask(16, 3), Ok((9, 1)));
    assert_eq!(ask(16, 4), Ok((9, 1)));
    for (argsz, index) in [(16, 5), (16, u32::MAX), (15, 2)] {
        assert_eq!(ask(argsz, index), Err(libc::EINVAL));
    }
}

#[test]
fn a_reset_keeps_what_the_kernel_keeps() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    rig.bus_master(device, true);
    // RXDCTL of queue 0: on. VTEIMS: the vectors' masks.
    rig.write32(device, 0x1028, 1 << 25);
    rig.write32(device, 0x108, 7);
    assert_eq!(rig.number(device, DEVICE_RESET, 0), Ok(0));
    assert_eq!(rig.read32(device, 0x1028) >> 25 & 1, 0);
    assert_eq!(rig.read32(device, 0x108), 0);
    assert_eq!(rig.read32(device, CONFIG + 4) & 0xffff, 6, "memory and bus mastering");
    // The function's own way, in its PCI Express capability.
    rig.write32(device, 0x1028, 1 << 25);
    let control = CONFIG + 0xa8;
    rig.pwrite(device, &[0, 0x80], control).unwrap();
    assert_eq!(rig.read32(device, 0x1028) >> 25 & 1, 0);
    assert_eq!(rig.read32(device, control) >> 15 & 1, 0, "it reads as zero");
    assert_eq!(rig.read32(device, CONFIG + 4) & 0xffff, 6);
    rig.order(softnic::Fault::Removal { vf: 0 });
    assert_eq!(rig.number(device, DEVICE_RESET, 0), Err(libc::ENOTTY), "it is gone");
    assert_eq!(rig.read32(device, 0x1028), !0);
}

#[test]
fn its_bus_is_everybodys() {
    let rig = Rig::new("vfs=3");
    let [_, group, device] = rig.whole(1);
    let mut info = [12_u32; 11];
    assert_eq!(rig.call(device, HOT_RESET_INFO, &mut info), Err(libc::ENOSPC));
    assert_eq!(info[..3], [12, 0, 4]);
    info[0] = 44;
    assert_eq!(rig.call(device, HOT_RESET_INFO, &mut info), Ok(0));
    // Group; segment, bus and function.
    let functions: Vec<(u32, u32)> = info[3..].chunks(2).map(|it| (it[0], it[1])).collect();
    let at = |function: u32| 1 << 16 | function << 24;
    assert_eq!(functions, [(0, at(0)), (1, at(0x80)), (2, at(0x82)), (3, at(0x84))]);
    assert_eq!(rig.call(device, HOT_RESET_INFO, &mut [11_u32; 3]), Err(libc::EINVAL));
    // It cannot be reset while the PF is its driver's.
    let reset = |words: &mut [u32; 4]| rig.call(device, HOT_RESET, words);
    for mut words in [
        [11, 0, 1, group as u32],
        [16, 1, 1, group as u32],
        [16, 0, 0, group as u32],
        [16, 0, 5, group as u32],
        [16, 0, 1, device as u32],
        [16, 0, 1, group as u32],
    ] {
        assert_eq!(reset(&mut words), Err(libc::EINVAL), "{words:?}");
    }
    assert_eq!(reset(&mut [16, 0, 1, u32::MAX]), Err(libc::EBADF));
}

#[test]
fn it_has_no_features() {
    let rig = Rig::new("");
    let [.., device] = rig.whole(0);
    let ask = |argsz: u32, flags: u32| rig.call(device, DEVICE_FEATURE, &mut [argsz, flags, 0]);
    for (argsz, flags) in [(7, 1 << 16), (8, 1 << 19), (8, 3 << 16)] {
        assert_eq!(ask(argsz, flags), Err(libc::EINVAL), "{flags:#x}");
    }
    for flags in [1 << 16, 1 << 17, 7 << 16, 1 << 16 | 3] {
        assert_eq!(ask(12, flags), Err(libc::ENOTTY), "{flags:#x}");
    }
}
