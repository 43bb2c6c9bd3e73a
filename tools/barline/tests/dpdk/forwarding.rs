//! testpmd's forwarding modes in a closed loop with a peer: every frame comes back, in order, with every
//! byte as the mode says. 64 to 1518 bytes with FCS, and a mixture of sizes.

use barline::MacAddress;

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Options, Paths, Peer, Run, Testpmd};

/// Frames of the mixture.
const MIXED: usize = 6000;

/// Runs a mode on vector and scalar paths. What comes back is what `back` makes of a frame, the two
/// addresses being those that were sent from and to; `to` is where frames are sent if not to testpmd.
#[track_caller]
fn forward(
    mode: &str,
    kinds: &[Kind],
    options: &str,
    to: Option<MacAddress>,
    back: impl Fn(Kind, Vec<u8>, Way) -> Vec<u8>,
) {
    for paths in Paths::ALL {
        let run = Run::new(options);
        let mut peer = Peer::open(&run, 0);
        let eth_peer = format!("--eth-peer=0,{}", peer.mac());
        let mode = format!("--forward-mode={mode}");
        let options = Options { paths, app: &[&mode, &eth_peer], ..Options::VF1 };
        let mut testpmd = Testpmd::start(&run, &options);
        testpmd.assert_plain(paths);
        let ours = Way { from: peer.mac(), to: testpmd.mac(0) };
        let sent = Way { to: to.unwrap_or(ours.to), ..ours };
        testpmd.command("start");

        let lens = kinds.iter().flat_map(|_| frames::all_sizes()).chain(frames::imix(MIXED));
        let done = peer.exchange((0..).zip(lens).map(|(number, len)| {
            let kind = kinds[number as usize % kinds.len()];
            let frame = frames::frame(kind, sent, number, len);
            (frame.clone(), back(kind, frame, ours))
        }));

        let count = (kinds.len() * frames::all_sizes().count() + MIXED) as u64;
        assert_eq!(done.frames, count);
        testpmd.stop_after(count);
        assert_eq!(peer.poll(), [], "something came that was not sent");
        testpmd.quit();
    }
}

#[test]
fn io_returns_broadcasts_as_they_are() {
    // What testpmd sends has the peer's address.
    let options = "vfs=2,uplink=sink,spoof=off";
    forward("io", &[Kind::Plain], options, Some(MacAddress([0xff; 6])), |_, frame, _| frame);
}

#[test]
fn mac_puts_in_the_peers_address_and_its_own() {
    forward("mac", &[Kind::Plain], "vfs=2,uplink=sink", None, |_, mut frame, ours| {
        frame[..6].copy_from_slice(&ours.from.0);
        frame[6..12].copy_from_slice(&ours.to.0);
        frame
    });
}

#[test]
fn macswap_exchanges_the_addresses() {
    forward("macswap", &[Kind::Udp4], "vfs=2,uplink=sink", None, |_, frame, _| {
        frames::swap_macs(frame)
    });
}

#[test]
fn five_tuple_swap_exchanges_addresses_and_ports() {
    forward("5tswap", &Kind::TUPLES, "vfs=2,uplink=sink", None, |kind, frame, _| {
        frames::swap_tuple(kind, frame)
    });
}
