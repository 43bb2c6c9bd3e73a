//! What a port of testpmd asks its PF for, what happens to it, and who else may be there meanwhile.

mod addresses;
mod counters;
mod frame_size;
mod interrupt;
mod link;
mod mixed;
mod modes;
mod removal;
mod reset;
mod several;
mod vlans;

use std::time::{Duration, Instant};

use barline::{Config, MacAddress};

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Options, Paths, Peer, Run, Testpmd};

const BROADCAST: MacAddress = MacAddress([0xff; 6]);

/// An address that nobody has.
const STRANGER: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0x99]);

/// VF 0, which the test drives, and VF 1, of which testpmd sends back what it receives with the addresses
/// exchanged. For all that to come back, whatever its addresses, the adapter must have `spoof=off`.
struct Pair {
    peer: Peer,
    testpmd: Testpmd,
    number: u32,
}

impl Pair {
    /// Both are started, and testpmd forwards.
    #[track_caller]
    fn start(run: &Run) -> Pair {
        Pair::start_with(run, Config::default(), Paths::Vector, &[])
    }

    /// The same with a configuration of the test's VF, paths of DPDK's driver, and further arguments of
    /// testpmd.
    #[track_caller]
    fn start_with(run: &Run, config: Config, paths: Paths, app: &[&str]) -> Pair {
        let peer = Peer::open_with(run, 0, config);
        let app = [&["--forward-mode=macswap"], app].concat();
        let mut testpmd = Testpmd::start(run, &Options { paths, app: &app, ..Options::VF1 });
        // What the driver says at each of its interrupts would stand within answers.
        testpmd.command("set log pmd.net.ixgbe.init 7");
        testpmd.command("start");
        Pair { peer, testpmd, number: 0 }
    }

    /// The next frame of the test's to somebody.
    fn frame(&mut self, to: MacAddress, len: usize) -> Vec<u8> {
        let way = Way { from: self.peer.mac(), to };
        self.number += 1;
        frames::frame(Kind::Plain, way, self.number, len)
    }

    /// Whether testpmd gets a frame to this address. Nothing is waited for that might not come: a
    /// broadcast is sent behind it, which everybody gets.
    #[track_caller]
    fn reaches(&mut self, to: MacAddress) -> bool {
        self.reaches_with(to, frames::SHORTEST)
    }

    /// The same for a frame of that length without FCS.
    #[track_caller]
    fn reaches_with(&mut self, to: MacAddress, len: usize) -> bool {
        let sent = [self.frame(to, len), self.frame(BROADCAST, frames::SHORTEST)];
        self.peer.send(&sent);
        let [probe, mark] = sent.map(frames::swap_macs);
        let mut came = Vec::new();
        while came.last() != Some(&mark) {
            came.extend(self.peer.receive(1).into_iter().map(|got| got.bytes));
        }
        assert!(came == [mark.clone()] || came == [probe, mark], "other frames came: {came:02x?}");
        came.len() == 2
    }

    /// Fails unless another VF of the test's gets a frame from VF 0.
    #[track_caller]
    fn hands_over(&mut self, other: &mut Peer) {
        let frame = self.frame(other.mac(), frames::SHORTEST);
        self.peer.send(std::slice::from_ref(&frame));
        assert!(other.receive(1)[0].bytes == frame, "another frame came");
    }

    /// Whether a broadcast comes back in that time. What comes before it, from under way when something
    /// was lost, is forgotten: nothing of it comes later.
    fn goes_round(&mut self, patience: Duration) -> bool {
        let mark = self.frame(BROADCAST, frames::SHORTEST);
        self.peer.send(std::slice::from_ref(&mark));
        let mark = frames::swap_macs(mark);
        let end = Instant::now() + patience;
        loop {
            if self.peer.poll().iter().any(|got| got.bytes == mark) {
                return true;
            } else if Instant::now() > end {
                return false;
            }
            std::thread::yield_now();
        }
    }

    /// Sends frames of all sizes round, each of which must come back.
    #[track_caller]
    fn exchange(&mut self) {
        let mac = self.testpmd.mac(0);
        let sent: Vec<_> = frames::all_sizes().map(|len| self.frame(mac, len)).collect();
        self.peer.exchange(sent.into_iter().map(|frame| (frame.clone(), frames::swap_macs(frame))));
    }
}
