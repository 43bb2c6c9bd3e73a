//! Advanced transmit descriptors (82599 datasheet 7.2.3.2.3, 7.2.3.2.4), as `ixgbe_type.h` spells their
//! bits; here in the second of two 64-bit words.

use super::malformed::Malformed;
use crate::offload::Layer4;

const TYPE: u64 = 0xf << 20;
const TYPE_CONTEXT: u64 = 0x2 << 20;
const TYPE_DATA: u64 = 0x3 << 20;
const EOP: u64 = 1 << 24;
const IFCS: u64 = 1 << 25;
const RS: u64 = 1 << 27;
const DEXT: u64 = 1 << 29;
const VLE: u64 = 1 << 30;
const TSE: u64 = 1 << 31;
const IDX_SHIFT: u32 = 36;
const IDX: u64 = 0x7 << IDX_SHIFT;
const CC: u64 = 1 << 39;
const IXSM: u64 = 1 << 40;
const TXSM: u64 = 1 << 41;
/// POPTS.IPSEC, and the bits of FCoE and iSCSI.
const POPTS_OTHER: u64 = 0xf << 42;
const PAYLEN_SHIFT: u32 = 46;

/// The status with which a descriptor comes back.
const DD: u64 = 1 << 32;

/// A descriptor with these bits, and these only of all that ask for something, is a packet of its own
/// that is to be sent as it is.
const PLAIN_MASK: u64 =
    TYPE | EOP | IFCS | DEXT | VLE | TSE | 0x6 << IDX_SHIFT | IXSM | TXSM | POPTS_OTHER;
const PLAIN: u64 = TYPE_DATA | EOP | IFCS | DEXT;

/// Whether a descriptor is a whole packet without offloads; then its length.
#[inline]
pub(super) fn plain(word: u64) -> Option<usize> {
    let len = word as u16;
    let whole = word & PLAIN_MASK == PLAIN && word >> PAYLEN_SHIFT == u64::from(len);
    whole.then_some(usize::from(len))
}

/// Whether a descriptor asks for a report.
#[inline]
pub(super) fn wants_report(word: u64) -> bool {
    word & RS != 0
}

/// Which context a data descriptor checks, if it checks one.
#[inline]
pub(super) fn checked_context(word: u64) -> Option<usize> {
    (word & CC != 0).then_some(((word & IDX) >> IDX_SHIFT) as usize)
}

/// Whether a packet ends with this descriptor, whatever its type.
pub(super) fn ends_packet(word: u64) -> bool {
    word & EOP != 0
}

/// What the adapter writes over a descriptor when it is done with it.
pub(super) const WRITTEN_BACK: [u64; 2] = [0, DD];

/// A descriptor, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Descriptor {
    /// A context and the number under which it is kept.
    Context(usize, Context),
    /// A piece of a packet.
    Data(Data),
}

/// A context: what several packets have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// MACLEN, IPLEN, L4LEN: bytes of headers.
    pub(super) mac: usize,
    pub(super) ip: usize,
    pub(super) l4: usize,
    /// VLAN tag control information.
    pub(super) vlan: u16,
    pub(super) mss: usize,
    /// TUCMD.IPV4.
    pub(super) v4: bool,
    /// TUCMD.L4T; none if reserved.
    pub(super) kind: Option<Layer4>,
    /// TUCMD asks for IPsec or FCoE.
    pub(super) other: bool,
}

/// A data descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Data {
    /// Address and length of the bytes.
    pub(super) iova: u64,
    pub(super) len: usize,
    pub(super) ends: bool,
    pub(super) inserts_fcs: bool,
    pub(super) vlan: bool,
    pub(super) segments: bool,
    /// IDX, and whether CC is set.
    pub(super) context: usize,
    pub(super) checks_context: bool,
    pub(super) ip_checksum: bool,
    pub(super) l4_checksum: bool,
    /// POPTS asks for something else.
    pub(super) other: bool,
    /// PAYLEN.
    pub(super) payload: usize,
}

impl Descriptor {
    /// Takes two words apart.
    pub(super) fn parse([first, second]: [u64; 2]) -> Result<Descriptor, Malformed> {
        if second & DEXT == 0 {
            return Err(Malformed::Legacy);
        }
        let index = ((second & IDX) >> IDX_SHIFT) as usize;
        match second & TYPE {
            TYPE_CONTEXT if index > 1 => Err(Malformed::ContextIndex),
            TYPE_CONTEXT => Ok(Descriptor::Context(index, Context::parse(first, second))),
            TYPE_DATA => Ok(Descriptor::Data(Data::parse(first, second, index))),
            _ => Err(Malformed::Type),
        }
    }
}

impl Context {
    fn parse(first: u64, second: u64) -> Context {
        let kind = match second >> 11 & 3 {
            0 => Some(Layer4::Udp),
            1 => Some(Layer4::Tcp),
            2 => Some(Layer4::Sctp),
            _ => None,
        };
        Context {
            mac: (first >> 9 & 0x7f) as usize,
            ip: (first & 0x1ff) as usize,
            l4: (second >> 40 & 0xff) as usize,
            vlan: (first >> 16) as u16,
            mss: (second >> 48) as usize,
            v4: second >> 10 & 1 == 1,
            kind,
            // Encryption, and FCoE.
            other: second >> 14 & 3 != 0,
        }
    }
}

impl Data {
    fn parse(first: u64, second: u64, context: usize) -> Data {
        let has = |bit: u64| second & bit != 0;
        Data {
            iova: first,
            len: usize::from(second as u16),
            ends: has(EOP),
            inserts_fcs: has(IFCS),
            vlan: has(VLE),
            segments: has(TSE),
            context,
            checks_context: has(CC),
            ip_checksum: has(IXSM),
            l4_checksum: has(TXSM),
            other: has(POPTS_OTHER),
            payload: (second >> PAYLEN_SHIFT) as usize,
        }
    }
}
