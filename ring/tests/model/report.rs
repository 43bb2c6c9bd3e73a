//! The receive write-back of advanced descriptors.

use barline_ring::{Flags, RssKind};

use super::Chip;

/// What a device found of a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// Not looked at.
    Unknown,
    /// Right.
    Good,
    /// Wrong.
    Bad,
}

/// The content of a receive write-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// DD.
    pub done: bool,
    /// EOP.
    pub end: bool,
    /// RXE, and what else says that a packet is damaged.
    pub error: bool,
    /// PKT_LEN.
    pub len: u16,
    /// VP and the tag.
    pub vlan: Option<u16>,
    /// LB, from another function of the same device: the I350 has the tag's bytes swapped then.
    pub looped: bool,
    /// RSS type (1 to 15) and hash.
    pub rss: Option<(u8, u32)>,
    /// Packet type, bits 4 to 10 of the first word: IPv4, IPv4 with options, IPv6, IPv6 with
    /// extensions, TCP, UDP, SCTP.
    pub types: u8,
    /// Bit 15 of the first word: the type is the number of an EtherType filter.
    pub ethertype: bool,
    /// IPCS and IPE.
    pub ip: Sum,
    /// TCPCS or UDPCS (L4I on the 82599) and L4E.
    pub l4: Sum,
}

/// The RSS types that are hashes: number, flags, kind.
pub fn rss_types() -> [(u8, Flags, RssKind); 9] {
    let v4 = Flags::RSS | Flags::IPV4;
    let v6 = Flags::RSS | Flags::IPV6;
    let tcp = Flags::RSS_L4 | Flags::TCP;
    let udp = Flags::RSS_L4 | Flags::UDP;
    [
        (1, v4 | tcp, RssKind::TcpIpv4),
        (2, v4, RssKind::Ipv4),
        (3, v6 | tcp, RssKind::TcpIpv6),
        (4, v6, RssKind::Ipv6),
        (5, v6, RssKind::Ipv6),
        (6, v6 | tcp, RssKind::TcpIpv6),
        (7, v4 | udp, RssKind::UdpIpv4),
        (8, v6 | udp, RssKind::UdpIpv6),
        (9, v6 | udp, RssKind::UdpIpv6),
    ]
}

impl Report {
    /// A good packet's part.
    pub fn good(len: usize, end: bool) -> Report {
        Report {
            done: true,
            end,
            error: false,
            len: len as u16,
            vlan: None,
            looped: false,
            rss: None,
            types: 0,
            ethertype: false,
            ip: Sum::Unknown,
            l4: Sum::Unknown,
        }
    }

    /// The flags that the crate should make of it.
    pub fn flags(&self, chip: Chip) -> Flags {
        let (types, ip, l4) = match (self.ethertype, self.l4) {
            (true, _) => (0, Sum::Unknown, Sum::Unknown),
            (_, Sum::Bad) if self.types & chip.doubtful() != 0 => {
                (self.types, self.ip, Sum::Unknown)
            }
            (_, l4) => (self.types, self.ip, l4),
        };
        let pairs = [
            (self.vlan.is_some(), Flags::VLAN),
            (types & 0b11 != 0, Flags::IPV4),
            (types & 0b1100 != 0, Flags::IPV6),
            (types & 0b1_0000 != 0, Flags::TCP),
            (types & 0b10_0000 != 0, Flags::UDP),
            (types & 0b100_0000 != 0, Flags::SCTP),
            (ip == Sum::Good, Flags::IP_GOOD),
            (ip == Sum::Bad, Flags::IP_BAD),
            (l4 == Sum::Good, Flags::L4_GOOD),
            (l4 == Sum::Bad, Flags::L4_BAD),
        ];
        let rss = rss_types().into_iter().find(|&(number, ..)| self.rss_type() == number);
        let start = rss.map_or(Flags::empty(), |(_, flags, _)| flags);
        pairs.into_iter().filter(|&(set, _)| set).fold(start, |all, (_, flag)| all | flag)
    }

    fn rss_type(&self) -> u8 {
        self.rss.map_or(0, |(number, _)| number)
    }

    /// The hash that the crate should make of it.
    pub fn rss_hash(&self) -> Option<u32> {
        self.rss.filter(|(number, _)| (1..=9).contains(number)).map(|(_, hash)| hash)
    }
}

impl Chip {
    /// The words of a receive write-back.
    pub fn write_back(self, report: &Report) -> [u64; 2] {
        let (l4_error, ip_error, rx_error) = self.errors();
        let (tcp, udp) = self.l4_checked();
        let l4_checked = if report.types & 0x20 != 0 { udp } else { tcp };
        let bit = |set: bool, at: u32| u64::from(set) << at;
        let (rss_type, hash) = report.rss.unwrap_or_default();
        let first = u64::from(rss_type)
            | u64::from(report.types & 0x7f) << 4
            | bit(report.ethertype, 15)
            | u64::from(hash) << 32;
        let second = bit(report.done, 0)
            | bit(report.end, 1)
            | bit(report.vlan.is_some(), 3)
            | bit(report.l4 != Sum::Unknown, l4_checked)
            | bit(report.looped, 18)
            | bit(report.ip != Sum::Unknown, 6)
            | bit(report.l4 == Sum::Bad, l4_error)
            | bit(report.ip == Sum::Bad, ip_error)
            | bit(report.error, rx_error)
            | u64::from(report.len) << 32
            | u64::from(self.tag(report.vlan.unwrap_or(0), report.looped)) << 48;
        [first, second]
    }

    /// Reads a write-back, which may be garbage.
    pub fn parse(self, [first, second]: [u64; 2]) -> Report {
        let (l4_error, ip_error, rx_error) = self.errors();
        let bit = |word: u64, at: u32| word >> at & 1 == 1;
        let (tcp, udp) = self.l4_checked();
        let sum = |checked, wrong| match (checked, bit(second, wrong)) {
            (false, _) => Sum::Unknown,
            (true, false) => Sum::Good,
            (true, true) => Sum::Bad,
        };
        let looped = bit(second, 18);
        let rss_type = first as u8 & 0xf;
        Report {
            done: bit(second, 0),
            end: bit(second, 1),
            error: bit(second, rx_error) || self.other_errors().iter().any(|&at| bit(second, at)),
            len: (second >> 32) as u16,
            vlan: bit(second, 3).then_some(self.tag((second >> 48) as u16, looped)),
            looped,
            rss: (rss_type != 0).then_some((rss_type, (first >> 32) as u32)),
            types: (first >> 4) as u8 & 0x7f,
            ethertype: bit(first, 15),
            ip: sum(bit(second, 6), ip_error),
            l4: sum(bit(second, tcp) || bit(second, udp), l4_error),
        }
    }
}
