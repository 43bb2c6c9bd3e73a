//! What a port tells of itself and its device.

use super::{Info, Port, Stats};
use crate::nic::RegisterValue;
use crate::{LinkState, MacAddress};

impl Port {
    /// What the device is and can do.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The unicast address that the VF has now.
    pub fn mac(&self) -> MacAddress {
        self.device.control.book(|book| book.settings.mac)
    }

    /// The link as it was seen last, at most 100 ms ago; down while the port recovers from a reset.
    pub fn link(&self) -> LinkState {
        self.device.link()
    }

    /// What device and queues have counted. While the port waits for an answer of its PF, as in a
    /// recovery, the device's counters are those of its last look, 100 ms before at most.
    pub fn stats(&self) -> Stats {
        self.device.control.with_soon(|vf, book| {
            // Until it has recovered, nobody knows where its counters start again.
            let readings = vf.filter(|_| book.ready).and_then(|vf| vf.stats());
            let device = match readings {
                Some(readings) => book.stats.update(readings),
                None => book.stats.total(),
            };
            let mut stats = Stats { device, ..Stats::default() };
            for (&(_, number), queue) in &book.queues {
                queue.watch.count(number, &mut stats);
            }
            stats
        })
    }

    /// What the device's registers read as, for a report of a fault: all but those that reading
    /// changes. Waits while the port waits for an answer of its PF.
    pub fn registers(&self) -> Vec<RegisterValue> {
        self.device.control.with(|vf, _| vf.registers())
    }
}
