//! What this process holds: descriptors, mappings, locked memory, threads.

use std::fs;
use std::time::{Duration, Instant};

use testkit::{Footprint, LONG};

/// The shortest mapping without a name that counts: heap and stacks grow by less, arenas have more.
const LARGE: u64 = 1 << 20;

/// What is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    footprint: Footprint,
    /// Lengths of large mappings without a name, sorted.
    memory: Vec<u64>,
}

impl Census {
    /// What this process holds now.
    pub fn now() -> Census {
        Census { footprint: Footprint::now(), memory: memory() }
    }

    /// Waits until this process holds no more and no less than this: threads that were told to end take
    /// a moment.
    #[track_caller]
    pub fn holds_again(&self, after: &str) {
        let end = Instant::now() + LONG;
        loop {
            let now = Census::now();
            if now == *self {
                return;
            }
            assert!(Instant::now() < end, "after {after}: {now:#?}\nbefore: {self:#?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn memory() -> Vec<u64> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let large = |line: &str| {
        // Range, rights, offset, device, inode, name.
        let words: Vec<_> = line.split_whitespace().collect();
        let (first, last) = words[0].split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let len = number(last) - number(first);
        (words.len() == 5 && words[1].starts_with("rw") && len >= LARGE).then_some(len)
    };
    let mut found: Vec<u64> = maps.lines().filter_map(large).collect();
    found.sort_unstable();
    found
}
