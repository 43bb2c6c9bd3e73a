//! The command itself in a run, as a user starts it: `barline soft exec -- barline …`.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::node::{VF0, VF1};

const BARLINE: &str = env!("CARGO_BIN_EXE_barline");

/// A `barline` with these words, inside a run of an adapter with these options.
fn in_a_run(options: &str, words: &str) -> Command {
    let mut command = Command::new(BARLINE);
    command.args(["soft", "exec", "--soft", &format!("soft:{options}"), "--", BARLINE]);
    command.args(words.split_whitespace()).stdin(Stdio::null()).env("RUST_LOG", "error");
    command
}

/// What it prints.
#[track_caller]
fn printed(options: &str, words: &str) -> String {
    let output = in_a_run(options, words).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{words}: {} {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn json(options: &str, words: &str) -> Value {
    serde_json::from_str(&printed(options, &format!("{words} --json"))).unwrap()
}

#[test]
fn list_shows_the_pf_with_its_vfs_and_nothing_of_the_machine() {
    let list = json("vfs=3,model=x550", "list");
    let [pf] = &list["pfs"].as_array().unwrap()[..] else { panic!("{list}") };
    assert_eq!((pf["address"].as_str(), pf["num_vfs"].as_u64()), (Some("0000:01:00.0"), Some(3)));
    let vfs: Vec<_> = pf["vfs"].as_array().unwrap().iter().collect();
    assert_eq!(vfs.len(), 3);
    for (vf, address) in vfs.iter().zip([VF0, VF1, "0000:01:10.4"]) {
        assert_eq!(vf["address"], address);
        assert_eq!(
            (vf["driver"].as_str(), vf["device"].as_str()),
            (Some("vfio-pci"), Some("1565"))
        );
    }
    assert_eq!(list["others"].as_array().map(Vec::len), Some(0));
}

#[test]
fn info_tells_of_a_vf() {
    let text = printed("vfs=2", &format!("info {VF1}"));
    for words in [VF1, "8086:10ed", "vfio-pci", "0000:01:00.0"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn bench_drives_vfs_by_their_addresses() {
    for (options, words) in [
        ("vfs=1,uplink=gen", format!("bench rx --vf {VF0} --seconds 0.5")),
        ("vfs=1,uplink=gen", format!("bench fwd --vf {VF0} --seconds 0.5")),
        ("vfs=1,uplink=sink", format!("bench tx --vf {VF0} --dst 02:00:00:00:00:01 --seconds 0.5")),
        ("vfs=2,uplink=sink", format!("bench latency --vf {VF0} --peer {VF1} --seconds 0.5")),
    ] {
        let figures = json(options, &words);
        assert!(figures["packets"].as_f64().unwrap() > 0.0, "{words}: {figures}");
        assert_eq!(figures["vf"].as_str().or(figures["device"].as_str()), Some(VF0), "{figures}");
    }
}

#[test]
fn a_vf_that_is_not_there() {
    let output = in_a_run("vfs=1", &format!("bench rx --vf {VF1} --seconds 1")).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains(VF1), "{told}");
    assert!(told.contains("no such PCI device"), "{told}");
}

/// Whether a `bench` ends well whose calls fail as the environment has it, and what it tells.
fn failing(list: &str) -> (bool, String) {
    let mut command =
        in_a_run("vfs=1,uplink=gen", &format!("bench rx --vf {VF0} --seconds 0.1 --json"));
    let output = command.env("BARLINE_SOFT_FAIL", list).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn calls_fail_as_the_environment_has_it() {
    let (done, told) = failing("VFIO_DEVICE_RESET#1=EIO,any#100000=EPERM");
    assert!(!done && told.contains(&format!("{VF0}: reset: Input/output error")), "{told}");
    let (done, told) = failing("open-group=EACCES");
    assert!(!done && told.contains("/dev/vfio/1: Permission denied"), "{told}");
    // One that is interrupted is made again; one that is not made does not fail.
    let (done, told) = failing("VFIO_GROUP_GET_STATUS#1=EINTR,VFIO_DEVICE_RESET#99=EIO");
    assert!(done && told.is_empty(), "{told}");
}

#[test]
fn a_list_that_cannot_be_read_is_told_and_nothing_fails() {
    let (done, told) = failing("VFIO_DEVICE_RESET=EWHAT");
    assert!(done, "{told}");
    assert!(told.contains("BARLINE_SOFT_FAIL: `VFIO_DEVICE_RESET=EWHAT`: the error is"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}
