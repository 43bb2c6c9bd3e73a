//! How the PF has set up receive-side scaling, for itself and for VFs that have no set-up of their own
//! (the 82599's and the X540's).

/// The key: that of Microsoft's verification suite for RSS, so that hashes can be checked against
/// published ones.
pub(crate) const KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
    0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
    0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

/// Entries of the table (RETA).
pub(crate) const TABLE_LEN: usize = 128;

/// Words of the table as the mailbox carries it.
pub(super) const TABLE_WORDS: usize = TABLE_LEN / 16;

/// An entry of the table: the queues in turn. Linux's ixgbe fills it for four queues at least when there
/// are VFs, and a VF uses as many bits of an entry as its VFPSRTYPE.RQPL says.
pub(crate) const fn table(entry: usize) -> usize {
    entry % 4
}

/// The table with two bits an entry, 16 entries a word.
pub(super) fn packed_table() -> [u32; TABLE_WORDS] {
    let word = |at: usize| (0..16).fold(0, |word, i| word | (table(16 * at + i) as u32) << (2 * i));
    std::array::from_fn(word)
}
