//! The kit by itself, before it judges anything.

use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};

use softnic::Fault;

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Exchanged, Options, Peer, Run, Testpmd};

/// Sends frames out on the wire, which returns them with their addresses exchanged.
#[track_caller]
fn around(peer: &mut Peer, kind: Kind, lens: impl Iterator<Item = usize>) -> Exchanged {
    let way = Way { from: peer.mac(), to: "02:00:00:00:00:99".parse().unwrap() };
    peer.exchange((0..).zip(lens).map(|(number, len)| {
        let frame = frames::frame(kind, way, number, len);
        (frame.clone(), frames::swap_macs(frame))
    }))
}

#[test]
fn a_closed_loop_has_all_sizes_and_loses_nothing() {
    let run = Run::new("vfs=1,uplink=loop");
    let config = barline::Config { max_frame: 9018, ..barline::Config::default() };
    let mut peer = Peer::open_with(&run, 0, config);
    for kind in [Kind::Plain, Kind::Udp4] {
        let lens = frames::all_sizes().chain(frames::imix(3000)).chain(8900..=9014);
        assert_eq!(around(&mut peer, kind, lens).frames, 1455 + 3000 + 115);
    }
}

#[test]
fn a_closed_loop_notices_what_goes_wrong() {
    let often = NonZeroU64::new(100);
    let wrongs = [
        (Fault::DropOneIn(often), "lost or out of order"),
        (Fault::DuplicateOneIn(often), "came back wrong"),
        (Fault::SwapOneIn(often), "lost or out of order"),
        (Fault::CorruptOneIn(often), "came back wrong"),
    ];
    for (fault, words) in wrongs {
        let run = Run::new("vfs=1,uplink=loop");
        let mut peer = Peer::open(&run, 0);
        peer.adapter.inject(fault);
        let looped = catch_unwind(AssertUnwindSafe(|| {
            around(&mut peer, Kind::Plain, frames::imix(1000));
        }));
        let message = *looped.expect_err("nothing was noticed").downcast::<String>().unwrap();
        assert!(message.contains(words), "{fault:?}: {message}");
    }
}

#[test]
fn testpmd_takes_commands_and_fails_with_what_it_printed() {
    let run = Run::new("vfs=1,uplink=sink");
    let options = Options { vfs: &[], eal: &["--no-pci", "--vdev=net_null0"], ..Options::VF1 };
    let mut testpmd = Testpmd::start(&run, &options);
    assert_eq!(testpmd.info(0).text("Driver name"), "net_null");
    assert!(testpmd.link(0));
    testpmd.command("start");
    assert_eq!(testpmd.stop().dropped, 0);
    let wrong = catch_unwind(AssertUnwindSafe(|| testpmd.command("no such command")));
    let message = *wrong.expect_err("it was understood").downcast::<String>().unwrap();
    assert!(message.contains("was not understood") && message.contains("net_null0"), "{message}");
    testpmd.quit();
}

#[test]
#[should_panic(expected = "apt-get install dpdk-dev")]
fn without_testpmd_it_is_said_what_to_install() {
    let _turn = Run::turn();
    let mut command = std::process::Command::new("dpdk-testpmd");
    command.env("PATH", "/nonexistent");
    Testpmd::start_by(command, &Options::VF1);
}
