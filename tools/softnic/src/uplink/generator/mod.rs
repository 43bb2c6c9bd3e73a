//! A generator: sends UDP over IPv4 to each VF in turn, and counts what comes back.

mod returned;
mod source;
mod stamp;
mod template;

pub(crate) use source::Source;
pub use stamp::Stamp;

use super::{GenSpec, Traffic, Uplink, UplinkCounters, Wire};

/// Most frames for one VF before it is the next one's turn.
const BURST: usize = 32;

/// What tells a flow from the others for the same VF.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    /// IPv4 address of the source.
    source: [u8; 4],
    /// Its port.
    port: u16,
}

impl Flow {
    /// The flow of this number, below 65536: another address for each, from 198.18.0.1 on, and another
    /// port as far as there are any, so that any hash over either spreads them.
    fn number(flow: u32) -> Flow {
        let source = u32::from_be_bytes([198, 18, 0, 1]) + flow;
        Flow { source: source.to_be_bytes(), port: 1024 + (flow % 64512) as u16 }
    }
}

/// See [`super::UplinkSpec::Gen`].
pub(super) struct Gen {
    source: Source,
    /// The VF that is sent to next.
    turn: usize,
    received: Traffic,
}

impl Gen {
    pub(super) fn new(spec: &GenSpec, run: u64) -> Gen {
        Gen { source: Source::new(spec, run), turn: 0, received: Traffic::default() }
    }
}

impl Uplink for Gen {
    fn poll(&mut self, now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        let vfs = wire.vfs();
        let mut sent = 0;
        for _ in 0..vfs {
            if sent == budget {
                break;
            }
            self.turn = (self.turn + 1) % vfs;
            sent += self.source.send(self.turn, now, BURST.min(budget - sent), wire);
        }
        sent
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.received.count(frame.len());
        if let Some(stamp) = Stamp::read(frame) {
            self.source.back(stamp);
        }
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters {
            sent: self.source.sent(),
            received: self.received,
            returned: self.source.returned(),
            ..UplinkCounters::default()
        }
    }
}
