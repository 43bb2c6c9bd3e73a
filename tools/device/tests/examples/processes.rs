//! One adapter, several processes.

use crate::files::place;
use crate::kit::{Running, example, number, start};

/// The rate that `rx_count` told last.
fn rate(output: &str) -> u64 {
    if output.contains(" packets/s") { number(output, " packets/s") } else { 0 }
}

/// The address that a program's device has.
fn mac(program: &mut Running) -> String {
    program.wait_for("link up");
    program.output().split(' ').nth(1).unwrap().trim_end_matches(',').to_string()
}

#[test]
fn a_killed_process_takes_its_own_vf_down_and_no_other() {
    let (_dir, file) = place("adapter");
    let soft = format!("soft:vfs=3,uplink=sink,share={}", file.display());
    let mut counter = start(example("rx_count", &soft));
    let other = start(example("rx_count", &format!("{soft},vf=2")));
    let to = mac(&mut counter);
    let flood = format!("{soft},vf=1 --dst {to}");
    let sender = start(example("tx_flood", &flood));
    counter.wait_until("traffic", |output| rate(output) > 0);
    // The receiver goes in the middle of it, and comes back.
    counter.kill();
    counter.finish();
    let mut counter = start(example("rx_count", &soft));
    assert_eq!(mac(&mut counter), to);
    counter.wait_until("traffic again", |output| rate(output) > 0);
    // The sender goes, and another takes its VF.
    sender.kill();
    sender.finish();
    counter.wait_until("quiet", |output| rate(output) == 0);
    let mut sender = start(example("tx_flood", &flood));
    sender.wait_for("packets/s");
    counter.wait_until("traffic of another", |output| rate(output) > 0);
    // Nobody else has noticed any of it.
    assert!(number(&sender.stop(), " packets in all") > 0);
    assert!(number(&counter.stop(), " packets in all") > 0);
    let other = other.stop();
    assert!(other.contains("\n0 packets in all") && !other.contains("works again"), "{other}");
}

#[test]
fn a_vf_of_another_process_is_not_to_be_had() {
    let (_dir, file) = place("adapter");
    let soft = format!("soft:vfs=3,uplink=sink,share={}", file.display());
    let mut owner = start(example("rx_count", &soft));
    owner.wait_for("link up");
    let refused = start(example("rx_count", &soft)).finish();
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.output.contains("VF 0 is in use already"), "{}", refused.output);
    // Other options would be another adapter.
    let other = start(example("rx_count", &soft.replace("vfs=3", "vfs=4"))).finish();
    assert_eq!(other.status.code(), Some(1));
    assert!(other.output.contains("vfs"), "{}", other.output);
    owner.stop();
}
