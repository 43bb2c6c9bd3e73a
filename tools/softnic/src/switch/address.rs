//! MAC addresses as numbers, and who has which.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::Mac;

/// Everybody's address.
pub(crate) const BROADCAST: u64 = 0xffff_ffff_ffff;

/// An address as a number: its first byte is the lowest.
#[inline]
fn number(bytes: &[u8]) -> u64 {
    match *bytes {
        [a, b, c, d, e, f, ..] => u64::from_le_bytes([a, b, c, d, e, f, 0, 0]),
        _ => 0,
    }
}

/// To whom a frame is addressed; 0 if it is shorter than an address.
#[inline]
pub(crate) fn destination(frame: &[u8]) -> u64 {
    number(frame)
}

/// From whom a frame is; 0 if it is shorter than two addresses.
#[inline]
pub(crate) fn source(frame: &[u8]) -> u64 {
    frame.get(6..).map_or(0, number)
}

/// Whether an address is of a group.
#[inline]
pub(crate) fn is_multicast(address: u64) -> bool {
    address & 1 == 1
}

/// The hash of a group's address: its upper 12 bits, as Linux's ixgbe has set up the filter
/// (MCSTCTRL.MO 0, `mc_filter_type`).
#[inline]
pub(super) fn hash(address: u64) -> usize {
    (address >> 36 & 0xfff) as usize
}

/// Which VFs have an address.
#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<u64, u64, BuildHasherDefault<Mix>>);

impl Addresses {
    /// Gives an address to some VFs, too. All zeros and groups are no VF's.
    pub(super) fn add(&mut self, mac: Mac, vfs: u64) {
        let address = number(&mac);
        if address != 0 && !is_multicast(address) {
            *self.0.entry(address).or_default() |= vfs;
        }
    }

    /// The VFs that have an address.
    #[inline]
    pub(super) fn of(&self, address: u64) -> u64 {
        self.0.get(&address).copied().unwrap_or(0)
    }
}

/// Spreads addresses over the table. Whoever chooses them so that they meet slows down the adapter that
/// it chose to use, by at most the addresses that the PF grants.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_linux() {
        // ixgbe_mta_vector, case 0: (mc_addr[4] >> 4) | (mc_addr[5] << 4).
        for mac in [[0x01, 0x00, 0x5e, 0x01, 0x02, 0x03], [0x33, 0x33, 0, 0, 0xab, 0xcd]] {
            let expected = usize::from(mac[4] >> 4) | usize::from(mac[5]) << 4;
            assert_eq!(hash(number(&mac)), expected);
        }
    }

    #[test]
    fn addresses_are_read_from_frames_of_any_length() {
        let frame = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
        assert_eq!(destination(&frame), 0x0605_0403_0201);
        assert_eq!(source(&frame), 0x0c0b_0a09_0807);
        assert_eq!((destination(&frame[..5]), source(&frame[..11])), (0, 0));
        assert_eq!(destination(&[0xff; 6]), BROADCAST);
    }

    #[test]
    fn what_is_nobodys_cannot_be_given() {
        let mut addresses = Addresses::default();
        addresses.add([0; 6], 1);
        addresses.add([1, 0, 0, 0, 0, 0], 1);
        addresses.add([2, 0, 0, 0, 0, 1], 1);
        addresses.add([2, 0, 0, 0, 0, 1], 4);
        assert_eq!(addresses.of(0) | addresses.of(1), 0);
        assert_eq!(addresses.of(number(&[2, 0, 0, 0, 0, 1])), 5);
    }
}
