//! What our driver and DPDK's do to a device, compared: each register and message that one of them
//! writes and the other does not, or otherwise, or in another order, has a reason in `differences.txt`.
//!
//! `ours/` has what ours does, phase by phase. Where that changes on purpose,
//! `BARLINE_WRITE_TRACES=1 cargo test -p barline-cli --test traces` writes these files anew.
//!
//! It wants DPDK: as root `apt-get install dpdk-dev`.

mod compare;
mod differences;
#[allow(dead_code, reason = "the tests of the transport use the rest")]
#[path = "../transport/inside.rs"]
mod inside;
#[allow(dead_code, unused_imports, reason = "the tests that forward use the rest")]
#[path = "../dpdk/kit/mod.rs"]
mod kit;
mod listing;
mod normal;
mod ours;
mod phase;
mod theirs;
mod trace;

use phase::Phase;

/// The adapter that both drivers meet, and which of its VFs.
const OPTIONS: &str = "vfs=1,uplink=sink";
const VF: usize = 0;

#[test]
fn ours_is_as_it_was() {
    let Some(listings) = ours::recorded("ours_is_as_it_was") else { return };
    for phase in Phase::ALL {
        listing::check(phase, &listings[&phase]);
    }
}

#[test]
fn each_difference_to_dpdk_has_a_reason() {
    let Some(ours) = ours::recorded("each_difference_to_dpdk_has_a_reason") else { return };
    let theirs = theirs::recorded();
    let mut found = Vec::new();
    for phase in Phase::ALL {
        found.extend(compare::differences(phase, &ours[&phase], &theirs[&phase]));
    }
    let text = |listings: &phase::Listings| {
        let shown =
            Phase::ALL.map(|phase| format!("# {phase}\n{}", listing::text(&listings[&phase])));
        shown.join("\n")
    };
    if let Err(why) = differences::explained(&found) {
        panic!("{why}\n--- ours\n{}\n--- DPDK's\n{}", text(&ours), text(&theirs));
    }
}
