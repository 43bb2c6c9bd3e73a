//! The sink and the loop.

use softnic::uplink::Traffic;

use super::uplink;
use super::wire::Vfs;

fn frame(to: usize, n: u8) -> Vec<u8> {
    let mut frame = vec![n; 60];
    frame[..6].copy_from_slice(&[9; 6]);
    frame[6..12].copy_from_slice(&Vfs::mac_of(to));
    frame
}

#[test]
fn a_sink_counts_and_sends_nothing() {
    let mut sink = uplink("uplink=sink");
    sink.take(0, &[0; 60]);
    sink.take(0, &[0; 1000]);
    assert_eq!(sink.poll(0, 64, &mut Vfs::with_room(&[9])), 0);
    assert_eq!(sink.counters().received, Traffic { frames: 2, bytes: 64 + 1004 });
    assert_eq!(sink.counters().sent, Traffic::default());
}

#[test]
fn a_loop_sends_back_with_addresses_exchanged_when_there_is_room() {
    let mut reflect = uplink("uplink=loop");
    let mut wire = Vfs::with_room(&[5, 0]);
    for (to, n) in [(0, 1), (0, 2), (1, 3), (0, 4)] {
        reflect.take(0, &frame(to, n));
    }
    assert_eq!(reflect.poll(0, 1, &mut wire), 1);
    assert_eq!(reflect.poll(0, 64, &mut wire), 1, "the next waits for VF 1, and what is behind it");
    wire.room[1] = 1;
    assert_eq!(reflect.poll(0, 64, &mut wire), 2);
    let expected = [(0, 1), (0, 2), (1, 3), (0, 4)].map(|(to, n)| {
        let mut frame = frame(to, n);
        frame.rotate_left(6);
        [&frame[..6], &[9; 6], &frame[6..54]].concat()
    });
    for (got, expected) in wire.frames.iter().zip(&expected) {
        assert_eq!(got[..12], expected[..12]);
        assert_eq!(got[12..], frame(0, got[12])[12..]);
    }
    assert_eq!(reflect.counters().sent.frames, 4);
}

#[test]
fn a_loop_that_is_full_drops_and_counts() {
    let mut reflect = uplink("uplink=loop");
    (0..5000).for_each(|_| reflect.take(0, &frame(0, 1)));
    let counters = reflect.counters();
    assert_eq!((counters.received.frames, counters.dropped), (5000, 904));
    let mut wire = Vfs::with_room(&[5000]);
    assert_eq!(reflect.poll(0, 10_000, &mut wire), 4096);
    reflect.take(0, &frame(0, 1));
    assert_eq!(reflect.poll(0, 10_000, &mut wire), 1);
    // For a group: when every VF has room.
    let mut group = frame(0, 1);
    group[6..12].fill(0xff);
    reflect.take(0, &group);
    let mut wire = Vfs::with_room(&[1, 0]);
    assert_eq!(reflect.poll(0, 64, &mut wire), 0);
    wire.closed.push(1);
    assert_eq!(reflect.poll(0, 64, &mut wire), 1);
}
