//! Which of a VF's frames have come back.

use crate::uplink::Returned;

/// How far behind the newest a frame may come back and still be told from a duplicate.
const WINDOW: u64 = 65536;

#[derive(Debug)]
pub(super) struct Window {
    counters: Returned,
    /// One more than the highest number that came back.
    end: u64,
    /// A bit for each of the last numbers before `end`, by their places.
    seen: Box<[u64; WINDOW as usize / 64]>,
}

impl Default for Window {
    fn default() -> Window {
        Window { counters: Returned::default(), end: 0, seen: Box::new([0; _]) }
    }
}

impl Window {
    /// The number of the next frame, which is sent.
    pub(super) fn next(&mut self) -> u64 {
        self.counters.sent += 1;
        self.counters.sent - 1
    }

    /// A frame of this number has come back. False: none was sent.
    pub(super) fn back(&mut self, sequence: u64) -> bool {
        if sequence >= self.counters.sent {
            return false;
        }
        let (word, bit) = ((sequence % WINDOW / 64) as usize, 1 << (sequence % 64));
        if sequence >= self.end {
            self.advance(sequence + 1);
        } else if self.end - sequence > WINDOW || self.seen[word] & bit != 0 {
            self.counters.duplicate += 1;
            return true;
        } else {
            self.counters.reordered += 1;
        }
        self.seen[word] |= bit;
        self.counters.returned += 1;
        true
    }

    pub(super) fn counters(&self) -> Returned {
        Returned { missing: self.end - self.counters.returned, ..self.counters }
    }

    /// Moves the window's end, and forgets what falls out of it.
    fn advance(&mut self, end: u64) {
        if end - self.end >= WINDOW {
            self.seen.fill(0);
        } else {
            for sequence in self.end..end {
                self.seen[(sequence % WINDOW / 64) as usize] &= !(1 << (sequence % 64));
            }
        }
        self.end = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(sent: u64) -> Window {
        let mut window = Window::default();
        (0..sent).for_each(|n| assert_eq!(window.next(), n));
        window
    }

    #[test]
    fn each_frame_counts_once_and_what_is_behind_a_later_one_is_reordered() {
        let mut window = window(10);
        for sequence in [0, 1, 4, 2, 2, 4, 0] {
            assert!(window.back(sequence));
        }
        let expected = Returned { sent: 10, returned: 4, reordered: 1, duplicate: 3, missing: 1 };
        assert_eq!(window.counters(), expected);
        assert!(!window.back(10) && !window.back(u64::MAX), "never sent");
        assert_eq!(window.counters(), expected);
    }

    #[test]
    fn a_window_goes_on_for_ever() {
        let mut window = window(5 * WINDOW);
        for sequence in (0..5 * WINDOW).filter(|n| n % 1000 != 7) {
            assert!(window.back(sequence));
        }
        let counters = window.counters();
        assert_eq!((counters.reordered, counters.duplicate), (0, 0));
        assert_eq!(counters.missing, (0..5 * WINDOW).filter(|n| n % 1000 == 7).count() as u64);
        // Close enough to know that it is the first.
        let late = (4 * WINDOW..5 * WINDOW).find(|n| n % 1000 == 7).unwrap();
        assert!(window.back(late) && window.back(late) && window.back(7));
        let after = window.counters();
        assert_eq!((after.reordered, after.duplicate), (1, 2));
    }

    #[test]
    fn a_leap_forgets_everything_before_it() {
        let mut window = window(3 * WINDOW);
        assert!(window.back(3) && window.back(2 * WINDOW + 3) && window.back(2 * WINDOW));
        let expected = Returned {
            sent: 3 * WINDOW,
            returned: 3,
            reordered: 1,
            duplicate: 0,
            missing: 2 * WINDOW + 1,
        };
        assert_eq!(window.counters(), expected);
    }
}
