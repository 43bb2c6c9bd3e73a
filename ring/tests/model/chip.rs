//! The bits of advanced descriptors as the datasheets have them: 82576 7.1.5 and 7.2.2, 82599 7.1.6
//! and 7.2.3.

use barline_ring::{Adv82576, Adv82599, AdvI350, Flags, Format};

/// Which device the model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chip {
    /// 82576.
    I82576,
    /// I350.
    I350,
    /// 82599 and later.
    I82599,
}

/// A descriptor format and the chip that speaks it.
pub trait Model: Format + std::fmt::Debug {
    /// The chip.
    const CHIP: Chip;
}

impl Model for Adv82576 {
    const CHIP: Chip = Chip::I82576;
}

impl Model for AdvI350 {
    const CHIP: Chip = Chip::I350;
}

impl Model for Adv82599 {
    const CHIP: Chip = Chip::I82599;
}

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
    /// RXE.
    pub error: bool,
    /// PKT_LEN.
    pub len: u16,
    /// VP and the tag.
    pub vlan: Option<u16>,
    /// LB, from another function of the same device: the I350 has the tag's bytes swapped then.
    pub looped: bool,
    /// RSS type and hash.
    pub rss: Option<u32>,
    /// Packet type, bits 4 to 10 of the first word: IPv4, IPv4 with options, IPv6, IPv6 with
    /// extensions, TCP, UDP, SCTP.
    pub types: u8,
    /// IPCS and IPE.
    pub ip: Sum,
    /// TCPCS or UDPCS (L4I on the 82599) and L4E.
    pub l4: Sum,
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
            ip: Sum::Unknown,
            l4: Sum::Unknown,
        }
    }

    /// The flags that the crate should make of it.
    pub fn flags(&self) -> Flags {
        let pairs = [
            (self.vlan.is_some(), Flags::VLAN),
            (self.rss.is_some(), Flags::RSS),
            (self.types & 0b11 != 0, Flags::IPV4),
            (self.types & 0b1100 != 0, Flags::IPV6),
            (self.types & 0b1_0000 != 0, Flags::TCP),
            (self.types & 0b10_0000 != 0, Flags::UDP),
            (self.types & 0b100_0000 != 0, Flags::SCTP),
            (self.ip == Sum::Good, Flags::IP_GOOD),
            (self.ip == Sum::Bad, Flags::IP_BAD),
            (self.l4 == Sum::Good, Flags::L4_GOOD),
            (self.l4 == Sum::Bad, Flags::L4_BAD),
        ];
        pairs.into_iter().filter(|&(set, _)| set).fold(Flags::empty(), |all, (_, flag)| all | flag)
    }
}

/// A transmit descriptor, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxWork {
    /// A context with this tag.
    Context(u16),
    /// A piece of a packet.
    Data(TxData),
}

/// An advanced transmit data descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxData {
    /// Address.
    pub iova: u64,
    /// DTALEN.
    pub len: u16,
    /// PAYLEN.
    pub total: u32,
    /// EOP.
    pub end: bool,
    /// RS.
    pub report: bool,
    /// VLE.
    pub vlan: bool,
}

impl Chip {
    /// Bits of L4E, IPE and RXE in the second word.
    fn errors(self) -> (u32, u32, u32) {
        match self {
            Chip::I82576 | Chip::I350 => (29, 30, 31),
            Chip::I82599 => (30, 31, 29),
        }
    }

    /// Bits that say that a TCP and a UDP checksum was looked at.
    fn l4_checked(self) -> (u32, u32) {
        match self {
            Chip::I82576 | Chip::I350 => (5, 4),
            Chip::I82599 => (5, 5),
        }
    }

    /// The tag as it stands in the descriptor, or is meant by it.
    fn tag(self, tag: u16, looped: bool) -> u16 {
        if looped && self == Chip::I350 { tag.swap_bytes() } else { tag }
    }

    /// The words of a receive write-back.
    pub fn write_back(self, report: &Report) -> [u64; 2] {
        let (l4_error, ip_error, rx_error) = self.errors();
        let (tcp, udp) = self.l4_checked();
        let l4_checked = if report.types & 0x20 != 0 { udp } else { tcp };
        let bit = |set: bool, at: u32| u64::from(set) << at;
        let first = bit(report.rss.is_some(), 0)
            | u64::from(report.types & 0x7f) << 4
            | u64::from(report.rss.unwrap_or(0)) << 32;
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
        Report {
            done: bit(second, 0),
            end: bit(second, 1),
            error: bit(second, rx_error),
            len: (second >> 32) as u16,
            vlan: bit(second, 3).then_some(self.tag((second >> 48) as u16, looped)),
            looped,
            rss: (first & 0xf != 0).then_some((first >> 32) as u32),
            // With bit 15 the type is the number of an EtherType filter.
            types: if bit(first, 15) { 0 } else { (first >> 4) as u8 & 0x7f },
            ip: sum(bit(second, 6), ip_error),
            l4: sum(bit(second, tcp) || bit(second, udp), l4_error),
        }
    }

    /// Reads a transmit descriptor; one that silicon would choke on fails the test.
    pub fn transmit(self, [first, second]: [u64; 2]) -> TxWork {
        let bit = |at: u32| second >> at & 1 == 1;
        assert!(bit(29), "DEXT: not an advanced descriptor: {second:#x}");
        assert!(!bit(32), "DD set by the driver: {second:#x}");
        match second >> 20 & 0xf {
            2 => {
                assert_eq!(first >> 9 & 0x7f, 14, "MACLEN");
                TxWork::Context((first >> 16) as u16)
            }
            3 => {
                assert!(bit(25), "IFCS: the device is to add the FCS");
                assert!(!bit(26), "reserved");
                assert_eq!(bit(39), self == Chip::I82599, "CC");
                TxWork::Data(TxData {
                    iova: first,
                    len: second as u16,
                    total: (second >> 46) as u32,
                    end: bit(24),
                    report: bit(27),
                    vlan: bit(30),
                })
            }
            other => panic!("descriptor type {other}"),
        }
    }

    /// The words of a transmit write-back: the whole descriptor is overwritten.
    pub fn transmitted(self) -> [u64; 2] {
        [0, 1 << 32]
    }
}
