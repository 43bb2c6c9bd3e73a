//! What `barline bench` says when it cannot measure. What it measures is in `soft.rs`, and with real
//! VFs in the guest.

mod run;

use run::{bench, failure};

const VF: &str = "0000:01:10.0";

#[test]
fn wrong_usage_names_value_and_range() {
    for (words, told) in [
        ("sideways", "'sideways'"),
        ("rx --vf 0000:01:10.0:1", "`0000:01:10.0:1` is no device"),
        ("rx --vf soft:vfs=64", "`vfs=64`: allowed is 1 to 63"),
        ("rx --vf soft:vfs=4,vf=4", "`vf=4`: 0 to 3"),
        ("rx --vf soft:colour=red", "`colour=red`: there is no option `colour`"),
        ("rx --vf soft:size=64 --size 128", "--size 128 contradicts the size in soft"),
        ("rx --vf soft:core=1000", "core=1000: this process may use"),
        ("rx --vf soft:vfs=40 --queues 3", "--queues 3 is not possible: more than 31 VFs"),
        ("rx --queues 5", "soft: --queues 5 is not possible"),
        ("rx --size 9019", "--size 9019 is not possible: allowed is 64 to 9018"),
        ("tx --vf soft:mtu=1500,uplink=sink --size 2000", "--size 2000 is not possible"),
        ("rx --burst 0", "0 is not in 1..=256"),
        ("rx --burst 257", "257 is not in 1..=256"),
        ("rx --size 63", "from 64 to what the VF takes"),
        ("rx --size 65536", "from 64 to what the VF takes"),
        ("rx --queues 0", "0 is not in 1.."),
        ("rx --seconds 0.05", "0.1 or more"),
        ("rx --seconds nan", "0.1 or more"),
        ("rx --seconds 1e300", "0.1 or more"),
        ("rx --cores 100000", "--cores 100000: this process may use"),
        ("rx --cores one", "'one'"),
        ("rx --dst 02:00:00:00:00:01", "--dst is for tx"),
        ("rx --peer soft:vf=1", "--peer is for latency"),
        ("latency --peer soft", "--peer soft is on another adapter"),
        ("latency --vf soft --peer soft", "--peer soft is the VF that sends"),
        ("latency --vf soft:vfs=1", "vfs=2 gives it two"),
        ("latency --vf 0000:01:10.0", "latency needs --peer DEVICE"),
        ("latency --queues 2", "latency uses one queue of each VF"),
        ("tx --vf 0000:01:10.0", "tx needs --dst MAC"),
        ("tx --dst here", "`here` is not a MAC address"),
        ("tx --dst 00:00:00:00:00:00", "nobody's address"),
    ] {
        let problem = failure(&mut bench(words), 2);
        assert!(problem.contains(told), "{words}: {problem}");
    }
}

#[test]
fn a_device_that_is_not_there_is_no_wrong_usage() {
    let machine = tempfile::tempdir().unwrap();
    for mode in ["rx", "fwd", "tx --dst 02:00:00:00:00:01", "latency --peer 0000:01:10.1"] {
        let mut command = bench(&format!("{mode} --vf {VF} --json --seconds 1"));
        let problem = failure(command.env("BARLINE_ROOT", machine.path()), 1);
        assert!(problem.starts_with(&format!("{VF}: no such PCI device")), "{problem}");
    }
}

#[test]
fn an_adapter_that_cannot_be_made_is_no_wrong_usage() {
    let missing = tempfile::tempdir().unwrap().path().join("frames.pcap");
    let missing = missing.display();
    let problem = failure(&mut bench(&format!("rx --vf soft:uplink=pcap,read={missing}")), 1);
    assert!(problem.contains(&missing.to_string()), "{problem}");
    // A name that the user would know again.
    let problem = failure(&mut bench("rx --vf soft:api=1.0"), 1);
    assert!(problem.starts_with("soft:api=1.0: the PF refused"), "{problem}");
}
