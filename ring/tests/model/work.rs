//! Advanced transmit descriptors, taken apart: context and data.

use super::Chip;

/// A transmit descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxWork {
    /// A context for later packets.
    Context(Context),
    /// A piece of a packet.
    Data(TxData),
}

/// An advanced transmit context descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// IDX.
    pub index: usize,
    /// VLAN.
    pub tag: u16,
    /// MACLEN.
    pub mac_len: usize,
    /// IPLEN.
    pub ip_len: usize,
    /// TUCMD.IPV4.
    pub ipv4: bool,
    /// TUCMD.L4T.
    pub l4: L4,
    /// L4LEN.
    pub l4_len: usize,
    /// MSS.
    pub mss: usize,
}

/// L4T of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L4 {
    /// 0.
    Udp,
    /// 1.
    Tcp,
    /// 2.
    Sctp,
}

/// An advanced transmit data descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxData {
    /// Address.
    pub iova: u64,
    /// DTALEN.
    pub len: u16,
    /// EOP.
    pub end: bool,
    /// RS.
    pub report: bool,
    /// What all descriptors of a packet have in common.
    pub options: Options,
}

/// What a device does with a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// PAYLEN.
    pub payload: usize,
    /// IDX.
    pub index: usize,
    /// VLE.
    pub vlan: bool,
    /// IXSM.
    pub ip_sum: bool,
    /// TXSM.
    pub l4_sum: bool,
    /// TSE.
    pub segment: bool,
}

impl Options {
    /// Whether the context means anything to the packet.
    pub fn any(&self) -> bool {
        self.vlan || self.ip_sum || self.l4_sum || self.segment
    }
}

impl Chip {
    /// Reads a transmit descriptor; one that silicon would choke on fails the test.
    pub fn transmit(self, [first, second]: [u64; 2]) -> TxWork {
        let bit = |at: u32| second >> at & 1 == 1;
        let field = |word: u64, at: u32, bits: u32| (word >> at & ((1 << bits) - 1)) as usize;
        assert!(bit(29), "DEXT: not an advanced descriptor: {second:#x}");
        assert!(!bit(32), "DD set by the driver: {second:#x}");
        match field(second, 20, 4) {
            2 => {
                // SNAP, and TUCMD's upper half; DCMD but for DEXT; STA; the upper half of IDX.
                let reserved = 0x1ff | 1 << 9 | 0x7f << 13 | 0xdf << 24 | 0xf << 32 | 0x7 << 37;
                assert_eq!(second & reserved, 0, "reserved bits: {second:#x}");
                assert_eq!(first >> 32, 0, "IPsec and FCoE: {first:#x}");
                TxWork::Context(Context {
                    index: field(second, 36, 1),
                    tag: field(first, 16, 16) as u16,
                    mac_len: field(first, 9, 7),
                    ip_len: field(first, 0, 9),
                    ipv4: bit(10),
                    l4: match field(second, 11, 2) {
                        0 => L4::Udp,
                        1 => L4::Tcp,
                        2 => L4::Sctp,
                        _ => panic!("L4T 3: {second:#x}"),
                    },
                    l4_len: field(second, 40, 8),
                    mss: field(second, 48, 16),
                })
            }
            3 => {
                assert!(bit(25), "IFCS: the device is to add the FCS");
                // MAC (LinkSec, timestamp), bits 26 and 28, STA, the upper half of IDX, IPsec and
                // reserved POPTS.
                let reserved = 0xf << 16 | 1 << 26 | 1 << 28 | 0xf << 32 | 0x3 << 37 | 0xf << 42;
                assert_eq!(second & reserved, 0, "reserved bits: {second:#x}");
                assert_eq!(bit(39), self.is_ten_gigabit(), "CC");
                TxWork::Data(TxData {
                    iova: first,
                    len: second as u16,
                    end: bit(24),
                    report: bit(27),
                    options: Options {
                        payload: field(second, 46, 18),
                        index: field(second, 36, 1),
                        vlan: bit(30),
                        ip_sum: bit(40),
                        l4_sum: bit(41),
                        segment: bit(31),
                    },
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
