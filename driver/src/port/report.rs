//! What a port tells of itself and its device.

use super::xstats::{self, ExtendedStat};
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
            vf.map(|vf| book.read_counters(vf));
            let mut stats = Stats { device: book.stats.total(), ..Stats::default() };
            for (&(_, number), queue) in &book.queues {
                queue.watch.count(number, &mut stats);
            }
            stats
        })
    }

    /// Every counter that there is: the device's, those of each queue, and what the driver has done
    /// itself. As old as [`Port::stats`] says.
    pub fn xstats(&self) -> Vec<ExtendedStat> {
        self.device.control.with_soon(|vf, book| {
            vf.map(|vf| book.read_counters(vf));
            let queues = book.queues.iter();
            let queues = queues.flat_map(|(&(_, number), queue)| queue.watch.extended(number));
            let driver = xstats::driver(&self.device.tally, book.requests);
            xstats::device(book.stats.total()).chain(queues).chain(driver).collect()
        })
    }

    /// What the device's registers read as, for a report of a fault: all but those that reading
    /// changes. Waits while the port waits for an answer of its PF.
    pub fn registers(&self) -> Vec<RegisterValue> {
        self.device.control.with(|vf, _| vf.registers())
    }
}
