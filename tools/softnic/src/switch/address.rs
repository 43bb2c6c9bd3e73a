//! Who has which unicast address.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::Mac;

/// An address as a number: its first byte is the lowest.
pub(super) fn number([a, b, c, d, e, f]: Mac) -> u64 {
    u64::from_le_bytes([a, b, c, d, e, f, 0, 0])
}

/// Which VFs have an address.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    vfs: HashMap<u64, u64, BuildHasherDefault<Mix>>,
    /// The address that was looked for last, and who has it: frames come in bursts for one.
    recent: Cell<(u64, u64)>,
}

impl Addresses {
    /// Gives an address to some VFs, too. All zeros and groups are no VF's.
    pub(super) fn add(&mut self, mac: Mac, vfs: u64) {
        let address = number(mac);
        if address != 0 && address & 1 == 0 {
            *self.vfs.entry(address).or_default() |= vfs;
            self.recent = Cell::default();
        }
    }

    /// The VFs that have an address.
    #[inline]
    pub(super) fn of(&self, address: u64) -> u64 {
        let (recent, vfs) = self.recent.get();
        if recent == address { vfs } else { self.search(address) }
    }

    fn search(&self, address: u64) -> u64 {
        let vfs = self.vfs.get(&address).copied().unwrap_or(0);
        self.recent.set((address, vfs));
        vfs
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
    fn addresses_have_owners_and_what_is_nobodys_cannot_be_given() {
        let mut addresses = Addresses::default();
        let mac = |last| [2, 0, 0, 0, 0, last];
        assert_eq!(addresses.of(number(mac(1))), 0);
        addresses.add([0; 6], 1);
        addresses.add([1, 0, 0, 0, 0, 0], 1);
        addresses.add(mac(1), 1);
        addresses.add(mac(1), 4);
        addresses.add(mac(2), 8);
        assert_eq!(addresses.of(0) | addresses.of(1), 0);
        for _ in 0..2 {
            let owners = [1, 1, 2, 2, 3].map(|last| addresses.of(number(mac(last))));
            assert_eq!(owners, [5, 5, 8, 8, 0]);
        }
    }
}
