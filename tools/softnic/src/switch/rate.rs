//! How fast a VF may send (RTTBCNRC): its queues wait, nothing is dropped.

/// What a VF may send at once after a pause, in nanoseconds of its rate.
const BURST: u64 = 1_000_000;

/// A rate limit: the generic cell rate algorithm (ITU-T I.371), which is a bucket of tokens counted in
/// time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Mbit/s; 0 without a limit.
    megabits: u64,
    /// When all that was sent is paid for, in picoseconds.
    paid: u64,
}

impl Rate {
    /// Sets the limit, in Mbit/s; what was sent is forgotten if it is another.
    pub(crate) fn set(&mut self, megabits: Option<u32>) {
        let megabits = megabits.map_or(0, u64::from);
        if megabits != self.megabits {
            *self = Rate { megabits, paid: 0 };
        }
    }

    /// Whether something may be sent at `now`, in nanoseconds.
    #[inline]
    pub(crate) fn allows(&self, now: u64) -> bool {
        self.paid <= now.saturating_mul(1_000)
    }

    /// Counts a frame of `octets` with FCS, sent at `now`.
    #[inline]
    pub(crate) fn charge(&mut self, octets: u64, now: u64) {
        if let Some(cost) = octets.saturating_mul(8_000_000).checked_div(self.megabits) {
            let earliest = now.saturating_sub(BURST).saturating_mul(1_000);
            self.paid = self.paid.max(earliest).saturating_add(cost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits sent in a second, when asked every microsecond.
    fn sent(rate: &mut Rate, octets: u64) -> u64 {
        let mut bits = 0;
        for now in (0..1_000_000_000).step_by(1_000) {
            while rate.allows(now) && bits < 20_000_000_000 {
                rate.charge(octets, now);
                bits += octets * 8;
            }
        }
        bits
    }

    #[test]
    fn a_second_lets_through_what_the_limit_says() {
        for (megabits, octets) in [(1, 64), (10, 1518), (100, 64), (10_000, 9018)] {
            let mut rate = Rate::default();
            rate.set(Some(megabits));
            let (bits, limit) = (sent(&mut rate, octets), u64::from(megabits) * 1_000_000);
            // A millisecond's burst and a frame more.
            let most = limit + limit / 1_000 + octets * 8;
            assert!((limit - limit / 100..=most).contains(&bits), "{megabits} Mbit/s: {bits}");
        }
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut rate = Rate::default();
        rate.charge(u64::MAX, 0);
        assert!(rate.allows(0));
        rate.set(Some(1));
        rate.charge(1_000_000, 0);
        assert!(!rate.allows(1_000_000_000), "8 seconds' worth");
        rate.set(None);
        assert!(rate.allows(0));
    }
}
