//! Making a request: a packet is checked, and its headers made ready for the device.

use super::check::{agrees, in_range, lengths_agree};
use super::{IpVersion, L4Protocol, Lengths, OffloadError, TxOffload};
use super::{checksum, headers, plain_ipv4};
use crate::frame::{Flags, Frame};
use crate::{FrameRef, Packet, PacketMut};

impl PacketMut<'_> {
    /// Asks the device that will send the packet for checksums or segmentation, in place of what was
    /// asked for before.
    ///
    /// The headers are made ready for that: the IPv4 header checksum is zeroed if it is to be
    /// inserted; TCP's and UDP's field gets the sum over the pseudo-header, SCTP's is zeroed. For
    /// segmentation the IPv4 total length or IPv6 payload length is zeroed as well, and not part of
    /// the sum. What reception found of checksums and the RSS hash is gone.
    ///
    /// Ask last: the request is about the packet as it is now. Later
    /// [`FrameMut::prepend`](crate::FrameMut::prepend) and
    /// [`FrameMut::trim_front`](crate::FrameMut::trim_front) of the first frame change the L2 header's
    /// length; any other change of headers or lengths needs a new request.
    ///
    /// A segmented packet may be longer than the port's largest frame, up to 262143 bytes. Each
    /// segment, headers and MSS, has to fit into that frame; if not, the transmit ring drops the
    /// packet and counts it as invalid.
    ///
    /// # Errors
    /// A value out of range, or headers that are not what the request says, not within the packet's
    /// first frame, or that disagree with the packet's length. Nothing is changed then.
    pub fn set_offload(&mut self, offload: &TxOffload) -> Result<(), OffloadError> {
        let offload = completed(*offload);
        in_range(&offload)?;
        let len = self.as_ref().len();
        agrees(&offload, self.as_ref().head().data(), len)?;
        self.make(&offload, len);
        Ok(())
    }

    /// Makes a request that was checked, for a packet of `len` bytes.
    #[inline]
    fn make(&mut self, offload: &TxOffload, len: usize) {
        prepare(offload, self.head().data(), len);
        self.note(flags(offload), Lengths::pack(offload));
    }

    /// Notes a request in the first frame, in place of what was there.
    #[inline]
    fn note(&mut self, flags: Flags, lengths: Lengths) {
        self.head_raw().request(flags, lengths);
    }

    /// Asks for all checksums that the packet has: [`TxOffload::checksums`] of its first frame. Says
    /// what was asked for.
    ///
    /// # Errors
    /// As for [`TxOffload::checksums`] and [`PacketMut::set_offload`].
    #[inline(always)]
    pub fn request_checksums(&mut self) -> Result<TxOffload, OffloadError> {
        if let Some(offload) = self.request_plain() {
            return Ok(offload);
        }
        self.request(None)
    }

    /// The same for the packets that most requests are for.
    #[inline(always)]
    fn request_plain(&mut self) -> Option<TxOffload> {
        if self.as_ref().frame_count() > 1 {
            return None;
        }
        let (flags, lengths) = plain_ipv4::prepare(self.head().data())?;
        self.note(flags, lengths);
        let l4 = if flags.contains(Flags::TCP) { L4Protocol::Tcp } else { L4Protocol::Udp };
        Some(TxOffload {
            l2_len: lengths.l2(),
            ip: IpVersion::V4,
            l3_len: lengths.l3(),
            ip_checksum: true,
            l4: Some(l4),
            l4_len: lengths.l4(),
            mss: None,
        })
    }

    /// Asks for segments of `mss` bytes of TCP payload (17 to 16383): [`TxOffload::segmentation`] of
    /// its first frame. Says what was asked for.
    ///
    /// # Errors
    /// As for [`TxOffload::segmentation`] and [`PacketMut::set_offload`].
    #[inline]
    pub fn request_segmentation(&mut self, mss: u16) -> Result<TxOffload, OffloadError> {
        self.request(Some(mss))
    }

    /// Asks for all that the headers of the first frame allow.
    #[inline(never)]
    pub(super) fn request(&mut self, mss: Option<u16>) -> Result<TxOffload, OffloadError> {
        let len = self.as_ref().len();
        let head = self.as_ref().head().data();
        let (offload, network) = headers::read(head)?;
        let offload = TxOffload { mss, ..offload };
        in_range(&offload)?;
        lengths_agree(&offload, &network, head, len)?;
        self.make(&offload, len);
        Ok(offload)
    }

    /// Asks for nothing: the packet goes as its bytes are. What was changed in them for the request
    /// stays changed.
    pub fn clear_offload(&mut self) {
        let frame = self.head_raw();
        if frame.flags.intersects(Flags::REQUESTS) {
            frame.flags = frame.flags.difference(Flags::REQUESTS);
            frame.meta = 0;
        }
    }
}

impl Packet<'_> {
    /// What the device that sends the packet is asked for.
    pub fn offload(&self) -> Option<TxOffload> {
        self.head().offload()
    }
}

impl FrameRef<'_> {
    /// What the device is asked for, of the packet that starts with this frame.
    pub(crate) fn offload(&self) -> Option<TxOffload> {
        let Frame { flags, meta, .. } = *self.raw();
        let lengths = Lengths(meta);
        let protocols = [
            (Flags::TCP, L4Protocol::Tcp),
            (Flags::UDP, L4Protocol::Udp),
            (Flags::SCTP, L4Protocol::Sctp),
        ];
        flags.intersects(Flags::REQUESTS).then(|| TxOffload {
            l2_len: lengths.l2(),
            ip: if flags.contains(Flags::IPV4) { IpVersion::V4 } else { IpVersion::V6 },
            l3_len: lengths.l3(),
            ip_checksum: flags.contains(Flags::IP_CHECKSUM),
            l4: protocols.into_iter().find(|&(flag, _)| flags.contains(flag)).map(|(_, l4)| l4),
            l4_len: lengths.l4(),
            mss: flags.contains(Flags::SEGMENT).then_some(lengths.mss() as u16),
        })
    }
}

/// The request, with what it implies.
#[inline]
fn completed(offload: TxOffload) -> TxOffload {
    let segments = offload.mss.is_some() && offload.ip == IpVersion::V4;
    TxOffload { ip_checksum: offload.ip_checksum || segments, ..offload }
}

/// Makes the headers ready for the device.
#[inline]
fn prepare(offload: &TxOffload, head: &mut [u8], len: usize) {
    let TxOffload { l2_len, ip, l3_len, ip_checksum, l4, mss, .. } = *offload;
    let (network, transport) = head[l2_len..].split_at_mut(l3_len);
    if ip_checksum {
        network[10..12].fill(0);
    }
    if mss.is_some() {
        let length = match ip {
            IpVersion::V4 => 2..4,
            IpVersion::V6 => 4..6,
        };
        network[length].fill(0);
    }
    let len = if mss.is_some() { 0 } else { len - l2_len - l3_len };
    let sum = |l4| checksum::pseudo_header(ip, network, l4, len).to_be_bytes();
    match l4 {
        None => {}
        Some(L4Protocol::Tcp) => transport[16..18].copy_from_slice(&sum(L4Protocol::Tcp)),
        Some(L4Protocol::Udp) => transport[6..8].copy_from_slice(&sum(L4Protocol::Udp)),
        Some(L4Protocol::Sctp) => transport[8..12].fill(0),
    }
}

/// The flags of a request.
#[inline]
fn flags(offload: &TxOffload) -> Flags {
    let ip = match offload.ip {
        IpVersion::V4 => Flags::IPV4,
        IpVersion::V6 => Flags::IPV6,
    };
    let l4 = match offload.l4 {
        None => Flags::empty(),
        Some(L4Protocol::Tcp) => Flags::TCP | Flags::L4_CHECKSUM,
        Some(L4Protocol::Udp) => Flags::UDP | Flags::L4_CHECKSUM,
        Some(L4Protocol::Sctp) => Flags::SCTP | Flags::L4_CHECKSUM,
    };
    let if_so = |set, flag| if set { flag } else { Flags::empty() };
    ip | l4
        | if_so(offload.ip_checksum, Flags::IP_CHECKSUM)
        | if_so(offload.mss.is_some(), Flags::SEGMENT)
}
