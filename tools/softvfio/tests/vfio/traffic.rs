//! Frames in a program's memory, and none elsewhere.

use crate::driver::{Receiver, buffers};
use crate::kit::{PAGE, Pages, Rig};

const IOVA: u64 = 0x4000_0000;

#[test]
fn frames_arrive_in_the_memory_that_is_mapped() {
    let rig = Rig::new("uplink=gen");
    let [container, _, device] = rig.whole(0);
    let memory = Pages::new(9);
    rig.map(container, &memory, IOVA).unwrap();
    let receiver = Receiver::start(&rig, device, &memory, IOVA, buffers(IOVA));
    receiver.receive(&memory, 7);
    for at in 0..7 {
        // 60 bytes, IPv4.
        assert_eq!(memory.word(16 * at + 8) >> 32 & 0xffff, 60);
        assert_eq!(memory.read((1 + at) * PAGE + 12, 3), [8, 0, 0x45]);
    }
}

#[test]
fn the_same_address_is_other_memory_for_a_vf_of_another_container() {
    let rig = Rig::new("uplink=gen");
    let memory = [Pages::new(9), Pages::new(9)];
    let receivers: Vec<Receiver<'_>> = memory
        .iter()
        .enumerate()
        .map(|(vf, memory)| {
            let [container, _, device] = rig.whole(vf);
            rig.map(container, memory, IOVA).unwrap();
            Receiver::start(&rig, device, memory, IOVA, buffers(IOVA))
        })
        .collect();
    for (receiver, memory) in receivers.iter().zip(&memory) {
        receiver.receive(memory, 7);
    }
    let [one, two] = memory.map(|memory| memory.read(PAGE, 6));
    assert!(one != two && one != [0; 6] && two != [0; 6], "frames to {one:?} and {two:?}");
}

#[test]
fn devices_of_one_container_share_its_memory() {
    let rig = Rig::new("uplink=gen");
    let (container, first) = rig.ready(0);
    let second = rig.group(1);
    rig.join(second, container).unwrap();
    let memory = Pages::new(9);
    rig.map(container, &memory, IOVA).unwrap();
    for (vf, group) in [(0, first), (1, second)] {
        let device = rig.device(group, vf).unwrap();
        let receiver = Receiver::start(&rig, device, &memory, IOVA, buffers(IOVA));
        receiver.receive(&memory, 7);
        rig.close(device);
    }
}

#[test]
fn nothing_is_written_where_nothing_is_mapped_or_only_reading_is_allowed() {
    let rig = Rig::new("uplink=gen");
    let [container, _, device] = rig.whole(0);
    let memory = Pages::new(11);
    let at = memory.address() as u64;
    let page = |n: usize| (n * PAGE) as u64;
    // The ring and eight buffers; one page that is not mapped, one that devices may only read.
    rig.map_raw(container, 3, at, IOVA, page(9)).unwrap();
    rig.map_raw(container, 1, at + page(10), IOVA + page(10), page(1)).unwrap();
    let mut buffers = buffers(IOVA);
    buffers[1] = IOVA + page(9);
    buffers[2] = IOVA + page(10);
    let receiver = Receiver::start(&rig, device, &memory, IOVA, buffers);
    receiver.receive(&memory, 7);
    for (buffer, is_written) in [(1, true), (4, true), (9, false), (10, false)] {
        let bytes = memory.read(buffer * PAGE, 60);
        assert_eq!(bytes != [0; 60], is_written, "page {buffer}");
    }
    // What is unmapped is out of reach at once.
    let before = memory.read(0, PAGE);
    assert_eq!(rig.unmap(container, IOVA, page(9)), Ok(page(9)));
    memory.write(0, &[0; 16 * 8]);
    rig.write32(device, 0x1018, 6);
    for _ in 0..10 {
        rig.vfio.step();
    }
    assert_eq!(memory.read(0, 16 * 8), [0; 16 * 8]);
    assert_ne!(before, memory.read(0, PAGE));
}

#[test]
fn a_device_keeps_its_container_and_what_is_mapped_there() {
    let rig = Rig::new("uplink=gen");
    let [container, group, device] = rig.whole(0);
    let memory = Pages::new(9);
    rig.map(container, &memory, IOVA).unwrap();
    let receiver = Receiver::start(&rig, device, &memory, IOVA, buffers(IOVA));
    receiver.receive(&memory, 7);
    // All but the device's descriptor: the container lives as long as that.
    rig.close(group);
    rig.close(container);
    memory.write(0, &[0; 16 * 8]);
    let receiver = Receiver::start(&rig, device, &memory, IOVA, buffers(IOVA));
    receiver.receive(&memory, 7);
    rig.close(device);
    assert_eq!(rig.vfio.step(), -1, "and no longer");
}
