//! What completed receive descriptors say, as tables by four bits each.

use super::RxBits;
use crate::frame::Flags;

/// [`RxBits`] as tables of bytes: the lower halves of [`Flags`], or what is from bit [`RxTables::HIGH`]
/// on. Shuffles look up many at once.
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "the plain loop looks up some of it only")
)]
pub(crate) struct RxTables {
    /// By bits 0 to 3 of the first word, high: what the RSS type says.
    pub(crate) rss: [u8; 16],
    /// By the four bits from [`RxTables::IP`] on of the first word.
    pub(crate) ip: [u8; 16],
    /// By the four bits from [`RxTables::ABOVE`] on of the first word, high: protocols above IP.
    pub(crate) l4: [u8; 16],
    /// Likewise: which flags hold.
    pub(crate) holds: [u8; 16],
    /// By the four bits from [`RxTables::TOLD`] on of the second word: which of `found` are told.
    pub(crate) told: [u8; 16],
    /// By the four bits from [`RxTables::FOUND`] on of the second word: a tag, and how checksums are.
    pub(crate) found: [u8; 16],
}

#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "the plain loop looks up some of it only")
)]
impl RxTables {
    pub(crate) const HIGH: u32 = 6;
    pub(crate) const IP: u32 = 4;
    /// The highest of eight bits from here on says that the packet type is none of protocols.
    pub(crate) const ABOVE: u32 = 8;
    pub(crate) const TOLD: u32 = 3;
    pub(crate) const FOUND: u32 = 28;

    pub(crate) const fn new(bits: &RxBits) -> RxTables {
        const VLAN: u8 = Flags::VLAN.0 as u8;
        const IP_GOOD: u8 = Flags::IP_GOOD.0 as u8;
        const IP_BAD: u8 = Flags::IP_BAD.0 as u8;
        const L4_GOOD: u8 = Flags::L4_GOOD.0 as u8;
        const L4_BAD: u8 = Flags::L4_BAD.0 as u8;
        assert!((bits.vlan | bits.ip_checked | bits.l4_checked) & !(0xf << RxTables::TOLD) == 0);
        assert!((bits.ip_error | bits.l4_error) & !(0xf << RxTables::FOUND) == 0);
        assert!((bits.l4 | bits.l4_doubtful) & !(0xf << RxTables::ABOVE) == 0);
        assert!(bits.filtered == 0x80 << RxTables::ABOVE);
        // Shuffles also look up the bytes behind the one that counts, which are 0.
        assert!(bits.rss[0].0 == 0 && bits.ip[0].0 == 0);
        let [mut rss, mut ip, mut l4, mut holds, mut told, mut found] = [[0; 16]; 6];
        let mut i = 0;
        while i < 16 {
            let at = i as u32;
            rss[i] = (bits.rss[i].0 >> RxTables::HIGH) as u8;
            ip[i] = bits.ip[i].0 as u8;
            assert!((rss[i] as u16) << RxTables::HIGH == bits.rss[i].0);
            assert!(ip[i] as u16 == bits.ip[i].0);
            let (types, second) = (at << RxTables::ABOVE, at << RxTables::TOLD);
            l4[i] = ((types & bits.l4) >> RxTables::HIGH) as u8;
            holds[i] = if types & bits.l4_doubtful != 0 { !L4_BAD } else { u8::MAX };
            told[i] = if second & bits.vlan != 0 { VLAN } else { 0 }
                | if second & bits.ip_checked != 0 { IP_GOOD | IP_BAD } else { 0 }
                | if second & bits.l4_checked != 0 { L4_GOOD | L4_BAD } else { 0 };
            let second = at << RxTables::FOUND;
            found[i] = VLAN
                | if second & bits.ip_error != 0 { IP_BAD } else { IP_GOOD }
                | if second & bits.l4_error != 0 { L4_BAD } else { L4_GOOD };
            i += 1;
        }
        RxTables { rss, ip, l4, holds, told, found }
    }
}
