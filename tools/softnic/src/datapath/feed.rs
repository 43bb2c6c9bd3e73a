//! A measured step: what it moves, and where that can be found afterwards.

use super::Datapath;
use crate::feed::Feeder;
use crate::function::Function;
use crate::memory::Spaces;
use crate::plane::Plane;

impl Datapath {
    /// Takes all that the VFs of this process have queued, and gives each `frames` of the feeder's.
    /// Nothing comes from other processes, nor goes there.
    pub(crate) fn feed(
        &mut self,
        spaces: &Spaces,
        plane: &mut Plane,
        functions: &mut [Option<Box<Function>>],
        feeder: &mut Feeder,
        frames: usize,
        now: u64,
    ) {
        let open = self.begin(plane, functions);
        self.trail(true);
        let Feeder { source, sink } = feeder;
        let (mut senders, mut fabric) = self.open_up(spaces, plane, Some(sink), now);
        fabric.crosses = false;
        senders.pass(open, u32::MAX, &mut fabric);
        for vf in (0..functions.len()).filter(|vf| open >> vf & 1 == 1) {
            source.send(vf, now, frames, &mut fabric);
        }
        fabric.delivery.catch_up(None);
        self.trail(false);
        self.end(spaces, functions, now);
    }

    /// Calls `each` with I/O address and bytes of the rings of all queues that are on, and of what the
    /// last measured step has put into buffers, and with the VF.
    pub(crate) fn touched(&self, mut each: impl FnMut(usize, u64, u64)) {
        for (vf, (receiver, sender)) in self.receivers.iter().zip(&self.senders).enumerate() {
            let received = receiver.iter().flat_map(|it| it.extents());
            let sent = sender.iter().flat_map(|it| it.extents());
            received.chain(sent).for_each(|(iova, len)| each(vf, iova, len));
        }
    }

    /// Begins or ends to note where frames are put.
    fn trail(&mut self, on: bool) {
        self.receivers.iter_mut().flatten().for_each(|receiver| receiver.trail(on));
    }
}
