//! Planes that share a file, here all in one process.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A file that is not there yet, and the folder that it will be in.
pub(super) fn share() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adapter");
    (folder, path)
}

pub(super) fn join(path: &Path) -> Plane {
    Plane::shared(path, &spec()).unwrap_or_else(|error| panic!("{error}"))
}

/// A frame whose length and bytes follow from a number.
pub(super) fn frame(n: u64) -> Vec<u8> {
    let len = 60 + (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % (FRAME_MAX - 59);
    let mut frame: Vec<u8> = (0..len).map(|i| (n as usize + i) as u8).collect();
    frame[..8].copy_from_slice(&n.to_le_bytes());
    frame
}

fn refused(path: &Path, options: &str) -> String {
    Plane::shared(path, &Spec::parse(options).unwrap()).unwrap_err().to_string()
}

#[test]
fn one_sees_what_the_other_changes() {
    let (_folder, path) = share();
    let (mut one, other) = (join(&path), join(&path));
    let before = other.generation();
    assert_eq!((one.port(2), one.vfs()), (PortState::new(&spec(), 2), 3));
    let mut changed = other.port(2);
    for n in 0..300 {
        let change = |port: &mut PortState| {
            port.mode = Mode::AllMulticast;
            port.further.push([2, 0, 0, 0, 0, n as u8]);
            port.hashes = (0..4096).collect();
            port.vlans = (n..4096).collect();
            port.resets += 1;
            port.rate = None;
            port.max_frame = u32::MAX;
        };
        one.update(2, change);
        change(&mut changed);
        changed.tidy();
        assert_eq!(other.port(2), changed);
        assert_eq!(other.generation(), before + 1 + u64::from(n));
    }
    assert_eq!(other.port(1), PortState::new(&spec(), 1));
}

#[test]
fn a_port_is_driven_by_one_of_them() {
    let (_folder, path) = share();
    let (mut one, mut other) = (join(&path), join(&path));
    assert_eq!((one.claim(0), one.claim(0), other.claim(0)), (Ok(()), Err(Busy), Err(Busy)));
    assert!(one.drives(0) && !other.drives(0) && !one.drives(1));
    assert_eq!((one.claim(3), other.claim(UPLINK)), (Err(Busy), Err(Busy)), "no such VF");
    one.update(0, |port| port.open = true);
    other.release(0);
    other.look(0);
    assert!(other.port(0).open, "not the other's to release");
    one.release(0);
    assert!(!other.port(0).open);
    assert_eq!((other.claim(0), one.claim(0)), (Ok(()), Err(Busy)));
    assert_eq!((one.claim_uplink(), other.claim_uplink()), (Ok(0), Err(Busy)));
    assert!(one.drives(UPLINK) && !other.drives(UPLINK));
    drop(one);
    assert_eq!(other.claim_uplink(), Ok(1));
}

#[test]
fn frames_arrive_whole_in_order_and_with_their_source() {
    let (_folder, path) = share();
    let (mut one, mut other) = (join(&path), join(&path));
    other.claim(1).unwrap();
    let (mut posted, mut taken) = (0, 0);
    while taken < 5000 {
        while posted < 5000 && one.room(1, frame(posted).len()) > 0 {
            assert!(one.post(1, if posted % 3 == 0 { UPLINK } else { 0 }, &frame(posted)));
            posted += 1;
        }
        assert!(posted == 5000 || !one.post(1, 0, &frame(posted)), "no room, and yet room");
        one.publish();
        let count = other.take(1, 7, |source, bytes| {
            assert_eq!(
                (source, bytes),
                (if taken % 3 == 0 { UPLINK } else { 0 }, &frame(taken)[..])
            );
            taken += 1;
            true
        });
        assert!((1..=7).contains(&count));
    }
    assert_eq!(other.take(1, 7, |_, _| true), 0);
    assert!(!one.post(1, 0, &[0; FRAME_MAX + 1]) && !one.post(3, 0, &[0; 60]));
}

#[test]
fn frames_are_seen_when_they_are_published_and_stay_until_they_are_taken() {
    let (_folder, path) = share();
    let (mut one, mut other, mut third) = (join(&path), join(&path), join(&path));
    other.claim(1).unwrap();
    assert!(one.post(1, 0, &frame(1)) && third.post(1, 2, &frame(2)));
    assert_eq!(other.take(1, 9, |_, _| true), 0);
    one.publish();
    third.look(0);
    assert_eq!(other.take(1, 9, |_, _| false), 0);
    let mut sources = Vec::new();
    assert_eq!(
        other.take(1, 9, |source, _| {
            sources.push(source);
            true
        }),
        2
    );
    sources.sort_unstable();
    assert_eq!(sources, [0, 2]);
    assert!(one.post(1, 0, &frame(3)));
    one.publish();
    assert_eq!(one.take(1, 9, |_, _| true), 0, "not its own to take");
    other.release(1);
    one.claim(1).unwrap();
    assert_eq!(one.take(1, 9, |_, _| true), 0, "these were for the last who drove it");
}

#[test]
fn the_last_one_removes_the_file() {
    let (_folder, path) = share();
    let (one, other) = (join(&path), join(&path));
    drop(one);
    assert!(path.exists());
    drop(other);
    assert!(!path.exists());
    drop(join(&path));
    assert!(!path.exists());
}

#[test]
fn other_options_are_refused_and_named() {
    let (_folder, path) = share();
    let _one = join(&path);
    let error = refused(&path, "vfs=4,trust=on,vlan=9,rate=50,spoof=off,uplink=sink");
    let expected =
        "other options: `uplink` is the default there and sink here, `vfs` is 3 there and 4 here; ";
    assert!(error.contains(expected) && error.contains("adapter"), "{error}");
    let own = Spec { drive: crate::Drive::Caller, share: Some(path.clone()), ..spec() };
    assert!(Plane::shared(&path, &own).is_ok(), "these concern one process");
}

#[test]
fn a_file_of_something_else_is_left_as_it_is() {
    let (folder, path) = share();
    fs::write(&path, "a letter").unwrap();
    assert!(refused(&path, "").contains("left as it is"));
    assert_eq!(fs::read(&path).unwrap(), b"a letter");
    assert!(refused(folder.path(), "").contains("cannot open or create it"));
    assert!(refused(Path::new("/nowhere/adapter"), "").contains("/nowhere/adapter"));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(refused(&link, "").contains("cannot open or create it"));
}

#[test]
fn what_a_dead_adapter_has_left_is_made_anew() {
    let (_folder, path) = share();
    let mut one = Plane::shared(&path, &Spec::parse("vfs=1").unwrap()).unwrap();
    one.update(0, |port| port.open = true);
    let whole = fs::metadata(&path).unwrap().len();
    let mut left = vec![0; 256 * 1024];
    File::open(&path).unwrap().read_exact(&mut left).unwrap();
    drop(one);
    // Whole, cut off at any place, or empty: as if its makers had been killed.
    for len in [whole, 4096, 16, 8, 0] {
        let start = &left[..left.len().min(len as usize)];
        fs::write(&path, start).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(len).unwrap();
        let plane = join(&path);
        assert_eq!(plane.port(0), PortState::new(&spec(), 0), "of {len} bytes");
    }
}

#[test]
fn a_state_that_changes_without_end_is_not_read_without_end() {
    let (_folder, path) = share();
    let mut one = join(&path);
    one.update(1, |port| port.resets = 9);
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let layout = layout::Layout { ports: 4 };
    let shm = shm::Shm::map(&file, layout.len()).unwrap();
    let version = shm.word(layout.version(1));
    let read = |changes: u64| {
        let mut left = changes;
        // An even number each time: the copy that counts stays the same.
        record::load(&shm, layout, 1, || {
            version.fetch_add(2 * left.min(1), Ordering::AcqRel);
            left = left.saturating_sub(1);
        })
    };
    let resets =
        |read: Option<(u64, Option<PortState>)>| read.map(|(_, state)| state.unwrap().resets);
    assert_eq!(resets(read(3)), Some(9), "read again, until it stays");
    assert_eq!(resets(read(u64::MAX)), None);
    assert_eq!(one.port(1).resets, 9);
}

#[test]
fn a_file_that_was_cut_off_under_its_users_is_refused() {
    let (_folder, path) = share();
    let _one = join(&path);
    let file = File::options().write(true).open(&path).unwrap();
    let whole = file.metadata().unwrap().len();
    // Where no inbox is in use, so that the one that is there is not killed.
    file.set_len(whole - 1).unwrap();
    let options = "vfs=3,trust=on,vlan=9,rate=50,spoof=off";
    let expected = format!("has {} bytes and needs {whole}", whole - 1);
    let error = refused(&path, options);
    assert!(error.contains(&expected) && error.contains("remove it"), "{error}");
    file.set_len(whole).unwrap();
    join(&path);
}

#[test]
fn there_can_be_as_many_as_there_are_rows() {
    let (_folder, path) = share();
    let join = || Plane::shared(&path, &Spec::parse("vfs=1").unwrap()).unwrap();
    let mut planes: Vec<Plane> = (0..layout::MEMBERS).map(|_| join()).collect();
    assert!(refused(&path, "vfs=1").contains("64 processes"));
    planes[0].claim(0).unwrap();
    for plane in &mut planes[1..] {
        assert!(plane.post(0, UPLINK, &frame(1)));
        plane.publish();
    }
    assert_eq!(planes[0].take(0, 100, |_, bytes| bytes == frame(1)), 63);
    planes.truncate(63);
    planes.push(join());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Nothing that another process may write makes this one panic, hang or reach other memory.
    #[test]
    fn garbage_in_the_file_does_no_harm(
        writes in prop::collection::vec((0usize..4, any::<u64>(), 0usize..64, any::<u64>()), 1..40),
    ) {
        let (_folder, path) = share();
        let (mut one, mut other) = (join(&path), join(&path));
        let file = File::options().write(true).open(&path).unwrap();
        other.claim(1).unwrap();
        for (kind, at, near, value) in writes {
            let layout = layout::Layout { ports: 4 };
            // Close to what is looked at: header, states, and the inboxes' positions and first frames.
            let base = match kind {
                0 => layout::AT_GENERATION,
                1 => layout.version((at % 4) as usize) + [0, 64][near % 2],
                2 => layout.inbox((at % 3) as usize, 1) + [0, 128][near % 2],
                _ => layout.inbox(0, 1) + 4096 + near * 8,
            };
            let value = match value % 4 {
                0 => value >> 4,
                1 => value % 512,
                2 => u64::MAX - value % 512,
                _ => (value >> 8) % (inbox::SIZE as u64 * 4),
            };
            file.write_all_at(&value.to_ne_bytes(), base as u64).unwrap();
            one.post(1, 0, &frame(at));
            one.look(at);
            prop_assert!(one.room(1, 60) <= inbox::SIZE / 64);
            other.take(1, 50, |source, bytes| {
                assert!(source <= UPLINK && bytes.len() <= FRAME_MAX);
                at % 2 == 0
            });
            one.update((at % 3) as usize, |port| port.resets = at);
            prop_assert_eq!(other.port((at % 3) as usize).resets, at);
            other.port((value % 5) as usize);
        }
    }
}

#[test]
fn one_that_stands_still_in_a_change_stops_nobody_for_good() {
    let (_folder, path) = share();
    let mut one = join(&path);
    one.update(1, |port| port.resets = 1);
    let stopped = File::options().read(true).write(true).open(&path).unwrap();
    assert!(lock::try_lock(&stopped, layout::bytes::STATE, lock::How::Alone).unwrap());
    let begin = Instant::now();
    for resets in 2..100 {
        one.update(1, |port| port.resets = resets);
        assert_eq!(one.port(1).resets, 1, "nothing is written without the lock");
    }
    assert_eq!(one.claim(1), Err(Busy));
    assert!(!one.drives(1));
    let waited = begin.elapsed();
    assert!((2..4).contains(&waited.as_secs()), "waited once, not {waited:?}");
    drop(stopped);
    assert_eq!(one.claim(1), Ok(()));
    one.update(1, |port| port.resets = 7);
    assert_eq!(one.port(1).resets, 7);
}

#[test]
fn a_change_that_panics_keeps_nobody_out() {
    let (_folder, path) = share();
    let (mut one, mut other) = (join(&path), join(&path));
    let panics = AssertUnwindSafe(|| one.update(1, |_| panic!("on purpose")));
    catch_unwind(panics).unwrap_err();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    assert!(!lock::is_locked_elsewhere(&file, layout::bytes::STATE).unwrap());
    other.update(1, |port| port.resets = u64::MAX);
    assert_eq!(one.port(1).resets, u64::MAX);
}
