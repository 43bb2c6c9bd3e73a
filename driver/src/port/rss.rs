//! Spreading packets over receive queues.

use crate::nic::{Rss, RssKinds};

/// The key that Microsoft's specification of RSS computes its examples with.
const KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
    0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
    0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

impl Rss {
    /// Spreads packets evenly over `queues` receive queues (1 or more), with a table of `entries`
    /// ([`Info::rss_table`](crate::Info::rss_table)) and the kinds of [`RssKinds::default`].
    ///
    /// The key is the one of Microsoft's specification, which everybody knows: who expects traffic
    /// that is made to land on one queue sets a key of its own.
    pub fn spread(queues: u16, entries: usize) -> Rss {
        let queues = (0..queues.max(1)).cycle();
        Rss { key: KEY, table: queues.take(entries).collect(), kinds: RssKinds::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_round() {
        assert_eq!(Rss::spread(3, 8).table, [0, 1, 2, 0, 1, 2, 0, 1]);
        assert_eq!(Rss::spread(0, 2).table, [0, 0]);
    }
}
