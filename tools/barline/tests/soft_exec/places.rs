//! Where a run's directory can be, and what is said where it cannot.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use super::kit::{BARLINE, Place, complaint, said};

#[test]
fn without_memory_it_is_among_the_temporary_files() {
    let place = Place::new();
    fs::remove_dir(place.shm()).unwrap();
    let temporary = place.root().join("tmp with spaces");
    fs::create_dir(&temporary).unwrap();
    let mut command = place.script("echo $BARLINE_SOFT");
    let dir = said(&command.env("TMPDIR", &temporary).output().unwrap());
    assert!(dir.starts_with(temporary.to_str().unwrap()), "{dir}");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "left behind");
}

#[test]
fn nowhere_to_write_is_told_with_both_places() {
    let place = Place::new();
    fs::remove_dir(place.shm()).unwrap();
    let mut command = place.script("echo it runs");
    let output = command.env("TMPDIR", "/proc").output().unwrap();
    let said = complaint(&output, 125);
    let shm = place.shm().display().to_string();
    assert!(said.contains("no place for the adapter's files"), "{said}");
    assert!(said.contains(&shm) && said.contains("/proc") && said.contains("TMPDIR"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_name_that_no_option_can_hold_is_told() {
    let place = Place::new();
    fs::remove_dir(place.shm()).unwrap();
    let comma = place.root().join("a,b");
    fs::create_dir(&comma).unwrap();
    let output = place.script("echo it runs").env("TMPDIR", &comma).output().unwrap();
    let said = complaint(&output, 125);
    assert!(said.contains("a,b: its name has a comma"), "{said}");
    assert_eq!(fs::read_dir(&comma).unwrap().count(), 0, "left behind");
}

/// Runs a script in a mount namespace of its own, in which this user may mount.
fn with_mounts(script: &str) -> Output {
    let unshare = ["--map-root-user", "--user", "--mount", "sh", "-ec", script];
    Command::new("unshare").args(unshare).env_remove("BARLINE_SOFT").output().unwrap()
}

#[test]
fn a_full_disk_is_told_and_the_other_place_taken_if_there_is_one() {
    let place = Place::new();
    let (root, shm) = (place.root().display(), place.shm());
    let shm = shm.display();
    // Room for some files, but not for all.
    let mount = format!("mount -t tmpfs -o size=64k none {shm}");
    let exec = format!("{BARLINE} --root {root} soft exec -- sh -c 'echo $BARLINE_SOFT'");
    let look = format!("ls -A {shm}");
    let temporary = place.root().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let taken = with_mounts(&format!("{mount}; TMPDIR={} {exec}; {look}", temporary.display()));
    assert!(said(&taken).starts_with(temporary.to_str().unwrap()), "{taken:?}");
    assert_eq!(said(&taken).lines().count(), 1, "left behind: {taken:?}");
    let full = with_mounts(&format!("{mount}; {look}; TMPDIR={shm} {exec}"));
    let words = complaint(&full, 125);
    assert!(words.contains("No space left on device"), "{words}");
    assert!(full.stdout.is_empty(), "{full:?}");
    let read_only =
        with_mounts(&format!("{mount}; mount -o remount,ro {shm}; TMPDIR={shm} {exec}"));
    let words = complaint(&read_only, 125);
    assert!(words.contains("Read-only file system"), "{words}");
}

#[test]
fn a_library_that_is_missing_is_told() {
    let place = Place::new();
    let alone = place.root().join("barline");
    fs::copy(BARLINE, &alone).unwrap();
    let root = place.root().to_str().unwrap();
    let run = |program: &Path| {
        Command::new(program).args(["--root", root, "soft", "exec", "true"]).output().unwrap()
    };
    let words = complaint(&run(&alone), 125);
    assert!(words.contains("libbarline_preload.so is not in"), "{words}");
    // Beside it, where it could be installed.
    let built = Path::new(BARLINE).parent().unwrap().join("deps/libbarline_preload.so");
    fs::copy(&built, place.root().join("libbarline_preload.so")).unwrap();
    said(&run(&alone));
    // And in the directory for libraries.
    for dir in ["bin", "lib"] {
        fs::create_dir(place.root().join(dir)).unwrap();
    }
    fs::rename(
        place.root().join("libbarline_preload.so"),
        place.root().join("lib/libbarline_preload.so"),
    )
    .unwrap();
    fs::rename(&alone, place.root().join("bin/barline")).unwrap();
    said(&run(&place.root().join("bin/barline")));
    place.assert_empty();
}
