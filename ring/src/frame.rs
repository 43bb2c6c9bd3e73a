//! The 16 bytes that describe a frame.

use crate::format::RxDone;
use crate::offload::Lengths;

/// One buffer's worth of a packet: which buffer, where in it the data lies, and what is known of it.
///
/// Never handed out by value or by `&mut`: two of different arenas could be swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub(crate) struct Frame {
    /// The buffer: where it starts in its arena, in cache lines.
    pub(crate) index: u32,
    /// First data byte, from the start of the buffer.
    pub(crate) offset: u16,
    /// Data bytes.
    pub(crate) len: u16,
    /// 802.1Q tag control information, valid with [`Flags::VLAN`].
    pub(crate) vlan: u16,
    /// What is known of the packet, and what is asked for it.
    pub(crate) flags: Flags,
    /// The RSS hash, valid with [`Flags::RSS`]; the lengths that go with a request to the device
    /// ([`Lengths`]), valid with any of [`Flags::REQUESTS`].
    pub(crate) meta: u32,
}

const _: () = assert!(size_of::<Frame>() == 16);

impl Frame {
    /// What is known of the packet and asked for it, as one word: tag in bits 0 to 15, flags in 16 to
    /// 31, `meta` in 32 to 63.
    #[inline]
    pub(crate) fn about(&self) -> u64 {
        u64::from(self.vlan) | u64::from(self.flags.0) << 16 | u64::from(self.meta) << 32
    }

    /// What stands in a batch for a completed buffer.
    #[inline]
    pub(crate) fn received(index: u32, headroom: u16, done: &RxDone) -> Frame {
        Frame {
            index,
            offset: headroom,
            len: done.len,
            vlan: done.vlan,
            flags: if done.end { done.flags } else { done.flags | Flags::MORE },
            meta: done.hash,
        }
    }

    /// Notes a request, in place of what was asked for, and of what reception said.
    #[inline]
    pub(crate) fn request(&mut self, flags: Flags, lengths: Lengths) {
        self.flags = self.flags.difference(Flags::KNOWN.union(Flags::REQUESTS)) | flags;
        self.meta = lengths.0;
    }

    /// The lengths that go with a request to the device, if there is one.
    #[inline]
    pub(crate) fn requested(&self) -> Option<Lengths> {
        self.flags.intersects(Flags::REQUESTS).then_some(Lengths(self.meta))
    }
}

/// What is known of a frame, and what is asked of the device that sends it.
///
/// On transmit only [`Flags::MORE`], [`Flags::VLAN`] and the requests count. Reception sets no
/// request, so what is received and sent on goes as it is. Requests are made by
/// [`PacketMut::set_offload`](crate::PacketMut::set_offload).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub(crate) u16);

impl Flags {
    /// The next frame of the batch continues this packet.
    pub const MORE: Flags = Flags(1 << 0);
    /// The frame has an 802.1Q tag which is not among its bytes: stripped on receive, to be inserted
    /// on transmit. A received frame that is sent on keeps its tag that way.
    pub const VLAN: Flags = Flags(1 << 1);
    /// The device found the IPv4 header checksum right.
    pub const IP_GOOD: Flags = Flags(1 << 2);
    /// The device found the IPv4 header checksum wrong.
    pub const IP_BAD: Flags = Flags(1 << 3);
    /// The device found the TCP, UDP or SCTP checksum right.
    pub const L4_GOOD: Flags = Flags(1 << 4);
    /// The device found the TCP, UDP or SCTP checksum wrong.
    pub const L4_BAD: Flags = Flags(1 << 5);
    /// An IPv4 packet.
    pub const IPV4: Flags = Flags(1 << 6);
    /// An IPv6 packet.
    pub const IPV6: Flags = Flags(1 << 7);
    /// A TCP segment.
    pub const TCP: Flags = Flags(1 << 8);
    /// A UDP datagram.
    pub const UDP: Flags = Flags(1 << 9);
    /// An SCTP packet.
    pub const SCTP: Flags = Flags(1 << 10);
    /// The RSS hash is known.
    pub const RSS: Flags = Flags(1 << 11);
    /// The RSS hash covers TCP or UDP ports, too.
    pub const RSS_L4: Flags = Flags(1 << 12);
    /// Request: insert the IPv4 header checksum.
    pub const IP_CHECKSUM: Flags = Flags(1 << 13);
    /// Request: insert the TCP, UDP or SCTP checksum.
    pub const L4_CHECKSUM: Flags = Flags(1 << 14);
    /// Request: cut the TCP segment into segments of the MSS.
    pub const SEGMENT: Flags = Flags(1 << 15);

    /// All requests.
    pub(crate) const REQUESTS: Flags = Flags(0b111 << 13);
    /// What needs a context descriptor.
    pub(crate) const CONTEXT: Flags = Flags::REQUESTS.union(Flags::VLAN);
    /// What only some packets have: more than one frame, or something that is asked of the device.
    pub(crate) const NOT_SIMPLE: Flags = Flags::CONTEXT.union(Flags::MORE);
    /// What reception says of the packet's protocols, checksums and hash. It does not hold any more
    /// once a request was made, but for the protocols that the request is about.
    pub(crate) const KNOWN: Flags = Flags(0x1ffc);

    /// No flag set.
    pub const fn empty() -> Flags {
        Flags(0)
    }

    /// Whether all of `other` are set.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is set.
    pub const fn intersects(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// These and `other`.
    pub const fn union(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// These without `other`.
    pub const fn difference(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        self.union(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_combine_and_part() {
        let both = Flags::IPV4 | Flags::TCP;
        assert!(both.contains(Flags::IPV4) && both.contains(Flags::TCP));
        assert!(!both.contains(Flags::IPV4 | Flags::UDP));
        assert!(both.intersects(Flags::IPV4 | Flags::UDP));
        assert_eq!(both.difference(Flags::TCP), Flags::IPV4);
        assert_eq!(both.difference(both), Flags::empty());
    }
}
