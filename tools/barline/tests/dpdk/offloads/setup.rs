//! A testpmd on a VF whose wire the test has.

use softnic::Mac;

use super::verbose::{self, Seen};
use super::wire::{PEER, Wire};
use crate::kit::{Functions, Options, Paths, Run, RxFunction, Testpmd, TxFunction};

/// testpmd drives the second of two VFs; nobody drives the first.
pub struct Setup {
    pub testpmd: Testpmd,
    pub wire: Wire,
    /// The address of testpmd's VF.
    pub mac: Mac,
    paths: Paths,
    _run: Run,
}

/// What may be under way.
const WINDOW: usize = 128;
const WINDOW_BYTES: usize = 128 * 1024;

/// How a testpmd is to be started.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Options of the adapter, besides its VFs and its uplink.
    pub adapter: &'a str,
    pub paths: Paths,
    pub queues: u16,
    /// Further arguments of testpmd.
    pub app: &'a [&'a str],
}

impl Wanted<'_> {
    /// An 82599 and one queue pair.
    pub fn plain(paths: Paths) -> Wanted<'static> {
        Wanted { adapter: "model=82599", paths, queues: 1, app: &[] }
    }
}

impl Setup {
    /// Takes the wire, then starts testpmd.
    #[track_caller]
    pub fn start(wanted: &Wanted<'_>) -> Setup {
        let run = Run::new(&format!("vfs=2,uplink=sink,{}", wanted.adapter));
        let wire = Wire::of(&run);
        let Wanted { paths, queues, app, .. } = *wanted;
        let mut testpmd = Testpmd::start(&run, &Options { paths, queues, app, ..Options::VF1 });
        let mac = address(testpmd.info(0).text("MAC address"));
        Setup { testpmd, wire, mac, paths, _run: run }
    }

    /// Gives commands, one by one. None of them may complain.
    #[track_caller]
    pub fn commands(&mut self, lines: &[&str]) {
        for line in lines {
            let answer = self.testpmd.command(line);
            for word in ["rror", "ailed", "nvalid", "lease stop", "not supported", "diag="] {
                if answer.contains(word) {
                    self.testpmd.fail(&format!("`{line}`: {answer}"));
                }
            }
        }
    }

    /// Stops the port, gives commands, starts the port.
    #[track_caller]
    pub fn reconfigure(&mut self, lines: &[&str]) {
        self.commands(&["port stop 0"]);
        self.commands(lines);
        self.commands(&["port start 0"]);
    }

    /// Forwards by an engine, to the peer at the wire where that sets addresses. It tries again for long
    /// what finds no room to be sent.
    #[track_caller]
    pub fn forward(&mut self, engine: &str) {
        let [a, b, c, d, e, f] = PEER;
        let peer = format!("set eth-peer 0 {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}");
        let engine = format!("set fwd {engine} retry");
        self.commands(&["set burst tx delay 10 retry 100000", &peer, &engine, "start"]);
    }

    /// Sends frames by the wire, and takes those that testpmd sends back: for each frame as many as are
    /// given with it. `start` was given. No more is under way than there is room for between two
    /// processes.
    #[track_caller]
    pub fn exchange(&self, frames: impl IntoIterator<Item = (Vec<u8>, usize)>) -> Vec<Vec<u8>> {
        let mut frames = frames.into_iter().peekable();
        let mut got = Vec::new();
        while frames.peek().is_some() {
            let (mut some, mut bytes, mut count) = (Vec::new(), 0, 0);
            while bytes < WINDOW_BYTES
                && count < WINDOW
                && let Some((frame, answers)) = frames.next()
            {
                bytes += frame.len();
                count += answers;
                some.push(frame);
            }
            self.wire.send(some);
            got.extend(self.wire.receive(count));
        }
        got
    }

    /// Sends frames by the wire to a testpmd that only receives, and tells what it says of each.
    #[track_caller]
    pub fn show(&self, frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<Seen> {
        let frames: Vec<Vec<u8>> = frames.into_iter().collect();
        let (mark, count) = (verbose::mark(&self.testpmd), frames.len());
        self.wire.send(frames);
        verbose::wait(&self.testpmd, mark, count)
    }

    /// The receive function is that of these paths, and of scattered packets or not; the transmit
    /// function is one without offloads or, which is but one, one with them.
    #[track_caller]
    pub fn uses(&self, scatters: bool, sends_offloads: bool) {
        let vector = self.paths == Paths::Vector;
        let rx = match (vector, scatters) {
            (true, false) => RxFunction::Vector,
            (true, true) => RxFunction::VectorScattered,
            (false, false) => RxFunction::Bulk,
            (false, true) => RxFunction::BulkScattered,
        };
        let tx = match (sends_offloads, vector) {
            (true, _) => TxFunction::Full,
            (false, true) => TxFunction::Vector,
            (false, false) => TxFunction::Simple,
        };
        assert_eq!(self.testpmd.functions(), Functions { rx, tx });
    }
}

/// An address as testpmd prints it.
#[track_caller]
pub fn address(text: &str) -> Mac {
    let bytes: Vec<u8> =
        text.split(':').map(|byte| u8::from_str_radix(byte, 16).expect(text)).collect();
    bytes.try_into().expect(text)
}
