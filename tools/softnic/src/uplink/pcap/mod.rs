//! Files of packets: one is played, another is recorded.

mod play;
mod record;
mod source;

use play::Player;
use record::Recorder;

use super::{PcapSpec, Uplink, UplinkCounters, UplinkError, Wire};

/// See [`super::UplinkSpec::Pcap`].
pub(super) struct Pcap {
    player: Option<Player>,
    recorder: Option<Recorder>,
    counters: UplinkCounters,
}

impl Pcap {
    pub(super) fn open(spec: &PcapSpec) -> Result<Pcap, UplinkError> {
        let player = spec.read.as_deref().map(|path| Player::open(path, spec.repeat, spec.pace));
        // Only when the first is known to be good: opening the second empties a file.
        let player = player.transpose()?;
        let recorder = spec.write.as_deref().map(Recorder::create).transpose()?;
        Ok(Pcap { player, recorder, counters: UplinkCounters::default() })
    }
}

impl Uplink for Pcap {
    fn poll(&mut self, now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        if let Some(recorder) = &mut self.recorder {
            recorder.flush(now);
        }
        match &mut self.player {
            Some(player) => player.play(now, budget, wire, &mut self.counters),
            None => 0,
        }
    }

    fn take(&mut self, now: u64, frame: &[u8]) {
        self.counters.received.count(frame.len());
        let recorded = self.recorder.as_mut().is_none_or(|recorder| recorder.record(now, frame));
        self.counters.dropped += u64::from(!recorded);
    }

    fn counters(&self) -> UplinkCounters {
        self.counters.clone()
    }
}
