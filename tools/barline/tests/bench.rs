//! What `barline bench` says when it cannot measure; what it measures needs a VF, and is tested in
//! the guest.

use std::process::Command;

const VF: &str = "0000:01:10.0";

/// The line on standard error, without `barline: `; nothing on standard output.
fn failure(words: &str, status: i32) -> String {
    let machine = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_barline"))
        .env_remove("RUST_LOG")
        .env("BARLINE_ROOT", machine.path())
        .arg("bench")
        .args(words.split_whitespace())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(status), "{words}: {output:?}");
    assert!(output.stdout.is_empty(), "{words}: {output:?}");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.matches('\n').count(), 1, "{words}: {stderr}");
    stderr.trim_end().strip_prefix("barline: ").unwrap().to_string()
}

#[test]
fn wrong_usage_names_value_and_range() {
    for (words, told) in [
        ("", "--vf <BDF>"),
        ("rx", "--vf <BDF>"),
        ("sideways", "'sideways'"),
        ("rx --burst 0", "0 is not in 1..=256"),
        ("rx --burst 257", "257 is not in 1..=256"),
        ("rx --size 63", "from 64 to what the VF takes"),
        ("rx --size 65536", "from 64 to what the VF takes"),
        ("rx --queues 0", "0 is not in 1.."),
        ("rx --seconds 0.05", "0.1 or more"),
        ("rx --seconds nan", "0.1 or more"),
        ("rx --seconds 1e300", "0.1 or more"),
        ("rx --core 100000", "--core 100000: this process may use"),
        ("rx --core one", "'one'"),
        ("rx --dst 02:00:00:00:00:01", "--dst is for tx"),
        ("tx", "tx needs --dst MAC"),
        ("tx --dst here", "`here` is not a MAC address"),
        ("tx --dst 00:00:00:00:00:00", "nobody's address"),
    ] {
        let whole = told.starts_with("--vf");
        let words = if whole { words.to_string() } else { format!("{words} --vf {VF}") };
        let told_is = failure(&words, 2);
        assert!(told_is.contains(told), "{words}: {told_is}");
    }
}

#[test]
fn a_device_that_is_not_there_is_no_wrong_usage() {
    for mode in ["rx", "fwd", "tx --dst 02:00:00:00:00:01"] {
        let problem = failure(&format!("{mode} --vf {VF} --json --seconds 1"), 1);
        assert!(problem.starts_with(&format!("{VF}: no such PCI device")), "{problem}");
    }
}
