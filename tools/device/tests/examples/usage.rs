//! Exit statuses, and what is said.

use crate::kit::run;

/// The one line that a program says when it leaves with an exit status.
fn line(name: &str, args: &str, status: i32) -> String {
    let finished = run(name, args);
    assert_eq!(finished.status.code(), Some(status), "{name} {args}: {}", finished.output);
    let lines: Vec<&str> = finished.output.lines().collect();
    assert!(lines.len() == 1 && lines[0].starts_with(name), "{name} {args}: {lines:?}");
    finished.output
}

#[test]
fn what_can_never_be_valid_is_wrong_usage() {
    for (name, args, value) in [
        ("rx_count", "eth0", "`eth0`"),
        ("rx_count", "soft:vfs=64", "`vfs=64`"),
        ("rx_count", "soft:colour=red", "`colour=red`"),
        ("rx_count", "soft soft", "'soft'"),
        ("tx_flood", "0000:01:10.0", "0000:01:10.0"),
        ("tx_flood", "--dst nobody", "`nobody`"),
        ("l2fwd", "soft", "DEVICE"),
        ("l2fwd", "soft soft:vf=2", "`vf=2`"),
        ("l2fwd", "--dst1", "--dst1"),
        ("responder", "soft 10.0.0", "'10.0.0'"),
        ("capture", "soft", "--write"),
        ("capture", "--write x --count 0", "'0'"),
        ("capture", "--write x --snap-length 65536", "'65536'"),
        ("capture", "--write x --vlan 4096", "'4096'"),
        ("replay", "soft", "--read"),
        ("replay", "--read x --loops -1", "'-1'"),
    ] {
        let line = line(name, args, 2);
        assert!(line.contains(value), "{name} {args}: {line}");
    }
}

#[test]
fn a_device_that_is_not_there_is_a_failure() {
    let absent = "0000:77:00.0";
    for (name, args) in [
        ("rx_count", "0000:77:00.0"),
        ("tx_flood", "0000:77:00.0 --dst 02:00:00:00:00:01"),
        ("l2fwd", "0000:77:00.0 0000:77:00.1"),
        ("responder", "0000:77:00.0"),
        ("capture", "0000:77:00.0 --write /dev/null"),
    ] {
        assert!(line(name, args, 1).contains(absent));
    }
    assert!(line("capture", "--write /absent/file", 1).contains("/absent/file"));
    assert!(line("replay", "--read /absent", 1).contains("/absent"));
    assert!(line("replay", "--read /proc/self/status", 1).contains("/proc/self/status"));
    let twice = run("l2fwd", "soft soft");
    assert_eq!(twice.status.code(), Some(1));
    assert!(twice.output.contains("soft: VF 0 is in use already"), "{}", twice.output);
}
