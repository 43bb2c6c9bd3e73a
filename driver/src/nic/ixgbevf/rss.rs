//! Spreading received packets over queues.
//!
//! From the X550 on each VF has a key and a table of its own. The 82599's and the X540's VFs have the
//! PF's, of whose table they use the lowest bits of each entry.

use super::api::Api;
use super::models::RssAccess;
use super::{Ixgbevf, messages, regs};
use crate::nic::{Rss, RssKinds};
use crate::{Error, Result};

/// Entries of a VF's own table, four to a register.
const OWN_TABLE: usize = 64;
/// Entries of the PF's table.
const PF_TABLE: usize = 128;

impl RssKinds {
    /// Each kind, with its bit in MRQC.
    fn bits(&mut self) -> [(&mut bool, u32); 6] {
        [
            (&mut self.tcp_ipv4, 1 << 16),
            (&mut self.ipv4, 1 << 17),
            (&mut self.ipv6, 1 << 20),
            (&mut self.tcp_ipv6, 1 << 21),
            (&mut self.udp_ipv4, 1 << 22),
            (&mut self.udp_ipv6, 1 << 23),
        ]
    }

    fn to_mrqc(mut self) -> u32 {
        let fields = self.bits().into_iter().filter(|(on, _)| **on).map(|(_, bit)| bit);
        fields.fold(regs::MRQC_RSSEN, |mrqc, bit| mrqc | bit)
    }

    fn from_mrqc(mrqc: u32) -> RssKinds {
        let mut kinds = RssKinds::default();
        for (on, bit) in kinds.bits() {
            *on = mrqc & regs::MRQC_RSSEN != 0 && mrqc & bit != 0;
        }
        kinds
    }
}

impl Ixgbevf {
    /// Entries of the table that the VF can set; 0 if it cannot.
    pub(super) fn rss_table(&self) -> usize {
        match self.model.rss {
            RssAccess::Query => 0,
            RssAccess::Own => OWN_TABLE,
        }
    }

    /// Checks that packets can be spread over so many queues.
    pub(super) fn check_spread(&self, queues: u16) -> Result<()> {
        if self.model.rss == RssAccess::Query && !queues.is_power_of_two() {
            return Err(Error::Config {
                key: "rx_queues",
                value: queues.to_string(),
                allowed: format!(
                    "1, 2 or 4: {} ({}) spreads packets by whole bits of its PF's table",
                    self.registers.device(),
                    self.model.name
                ),
            });
        }
        Ok(())
    }

    /// Tells the device, after a reset, how many queues RSS selects from: by how many bits of what
    /// the table says.
    pub(super) fn count_queues(&self) {
        let bits = u32::from(self.used.rx).next_power_of_two().ilog2();
        self.registers.write(regs::PSRTYPE, bits << regs::PSRTYPE_RQPL_SHIFT);
    }

    fn write_rss(&self, rss: &Rss) {
        let words = rss.key.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        for (i, word) in (0..).zip(words) {
            self.registers.write(regs::RSSRK + 4 * i, word);
        }
        for (i, entries) in (0..OWN_TABLE as u64 / 4).zip(rss.table.as_chunks().0) {
            let bytes: [u8; 4] = entries.map(|queue: u16| queue as u8);
            self.registers.write(regs::RETA + 4 * i, u32::from_le_bytes(bytes));
        }
        self.registers.write(regs::MRQC, rss.kinds.to_mrqc());
    }

    pub(super) fn own_rss(&self, rss: &Rss) -> Result<()> {
        if self.model.rss == RssAccess::Query {
            return Err(Error::Device {
                device: self.registers.device(),
                what: format!("an {} has its PF's RSS key and table", self.model.name),
                remedy: "set them on the PF (`ethtool -X <pf>`), or use an X550 or later".into(),
            });
        }
        self.write_rss(rss);
        self.mrqc().map(|_| ())
    }

    /// MRQC, whose reserved bits are never all ones unless nobody answers.
    fn mrqc(&self) -> Result<u32> {
        match self.registers.read(regs::MRQC) {
            u32::MAX => Err(self.registers.gone()),
            mrqc => Ok(mrqc),
        }
    }

    pub(super) fn tell_rss(&mut self) -> Result<Rss> {
        match self.model.rss {
            RssAccess::Own => self.read_rss(),
            RssAccess::Query => self.ask_rss(),
        }
    }

    fn read_rss(&self) -> Result<Rss> {
        let words = |first, count| {
            (0..count).flat_map(move |i| self.registers.read(first + 4 * i).to_le_bytes())
        };
        let mut key = [0; 40];
        key.iter_mut().zip(words(regs::RSSRK, 10)).for_each(|(to, byte)| *to = byte);
        let table = words(regs::RETA, 16).map(u16::from).collect();
        // Looked at last: whatever was read before is good then.
        let kinds = RssKinds::from_mrqc(self.mrqc()?);
        Ok(Rss { key, table, kinds })
    }

    /// Asks the PF, which says nothing of what is hashed: what Linux's ixgbe begins with is assumed.
    fn ask_rss(&mut self) -> Result<Rss> {
        let request = "tell its RSS key and table";
        if self.api < Api::V1_2 {
            return Err(self.pf.refused(request, "its driver is too old for that: update it"));
        }
        let remedy = "they are the whole port's; to let the VF know them, `ip link set <pf> vf <n> query_rss on`";
        let packed = self.pf.ask(&[messages::GET_RETA], request, remedy)?;
        let words = self.pf.ask(&[messages::GET_RSS_KEY], request, remedy)?;
        let mut key = [0; 40];
        let bytes = words[1..].iter().flat_map(|word| word.to_le_bytes());
        key.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        let table = unpack(&packed[1..], self.used.rx);
        Ok(Rss { key, table, kinds: RssKinds::default() })
    }
}

/// The PF's table as a VF with so many queues uses it: two bits an entry, of which it looks at what
/// its queues need.
fn unpack(words: &[u32], queues: u16) -> Vec<u16> {
    let mask = queues.next_power_of_two() - 1;
    let entry = |n: usize| (words[n / 16] >> (2 * (n % 16))) as u16 & 3 & mask;
    (0..PF_TABLE).map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_to_mrqc_and_back() {
        // IPV4_TCP, IPV4, IPV6 and IPV6_TCP, as Linux's ixgbevf has them.
        assert_eq!(RssKinds::default().to_mrqc(), 0x0033_0001);
        for n in 0..64 {
            let mut kinds = RssKinds::default();
            for (i, (on, _)) in kinds.bits().into_iter().enumerate() {
                *on = n >> i & 1 != 0;
            }
            assert_eq!(RssKinds::from_mrqc(kinds.to_mrqc()), kinds);
            assert_eq!(RssKinds::from_mrqc(kinds.to_mrqc() & !1).to_mrqc(), 1, "RSS is off");
        }
    }

    #[test]
    fn the_pfs_table_has_two_bits_an_entry() {
        let words = [0xe4e4_e4e4; 8];
        assert_eq!(unpack(&words, 4)[..8], [0, 1, 2, 3, 0, 1, 2, 3]);
        assert_eq!(unpack(&words, 2)[..4], [0, 1, 0, 1]);
        assert_eq!(unpack(&words, 1), [0; 128]);
    }
}
