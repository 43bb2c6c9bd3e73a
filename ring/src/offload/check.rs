//! Whether a request is one that devices understand, and about the packet that it is made for.

use super::lengths::{MAX_L2, MAX_SEGMENT_HEADERS};
use super::{IpVersion, L4Protocol, MIN_L2, OffloadError, TxOffload, headers};

/// Payload of a segment. Of Intel's datasheets the 82583V's (7.2.9.3.1) has a lower limit, more than
/// 16; the upper one is what [`Lengths`] holds, well over every frame.
const MSS: std::ops::RangeInclusive<u16> = 17..=16383;

/// Checks what a request says by itself.
#[inline]
pub(super) fn in_range(offload: &TxOffload) -> Result<(), OffloadError> {
    let TxOffload { l2_len, ip, l3_len, ip_checksum, l4, l4_len, mss } = *offload;
    if !ip_checksum && l4.is_none() && mss.is_none() {
        return Err(OffloadError::Nothing);
    }
    if !(MIN_L2..=MAX_L2).contains(&l2_len) {
        return Err(OffloadError::L2Len(l2_len));
    }
    let l3 = match ip {
        IpVersion::V4 => 20..=60,
        IpVersion::V6 => 40..=508,
    };
    if !l3.contains(&l3_len) || !l3_len.is_multiple_of(4) {
        return Err(OffloadError::L3Len(ip, l3_len));
    }
    if ip_checksum && ip == IpVersion::V6 {
        return Err(OffloadError::NoIpChecksum);
    }
    let l4_fits = match l4 {
        None => l4_len == 0,
        Some(L4Protocol::Tcp) => (20..=60).contains(&l4_len) && l4_len.is_multiple_of(4),
        Some(L4Protocol::Udp) => l4_len == 8,
        Some(L4Protocol::Sctp) => l4_len == 12,
    };
    if !l4_fits {
        return Err(OffloadError::L4Len(l4, l4_len));
    }
    if let Some(mss) = mss {
        if !MSS.contains(&mss) {
            return Err(OffloadError::Mss(mss));
        }
        if l4 != Some(L4Protocol::Tcp) {
            return Err(OffloadError::SegmentsOf(l4));
        }
        if offload.header_len() > MAX_SEGMENT_HEADERS {
            return Err(OffloadError::HeaderLen(offload.header_len()));
        }
    }
    Ok(())
}

/// Checks a request against the first frame of its packet of `len` bytes.
pub(super) fn agrees(offload: &TxOffload, head: &[u8], len: usize) -> Result<(), OffloadError> {
    let TxOffload { l2_len, ip, l3_len, l4, l4_len, .. } = *offload;
    let needed = offload.header_len();
    if head.len() < needed {
        return Err(OffloadError::Truncated { needed, len: head.len() });
    }
    let same = |what, asked: usize, found: usize| {
        let error = OffloadError::Mismatch { what, asked, found };
        if asked == found { Ok(()) } else { Err(error) }
    };
    let network = headers::network(ip, head, l2_len)?;
    same("the IP header's length", l3_len, network.len)?;
    let Some(l4) = l4 else {
        return Ok(());
    };
    let found = network.transport()?;
    same("the protocol above IP", usize::from(l4.number()), usize::from(found.number()))?;
    same("the L4 header's length", l4_len, headers::transport_len(l4, head, l2_len + l3_len)?)?;
    lengths_agree(offload, &network, head, len)
}

/// Checks what headers say of the length of their packet of `len` bytes.
#[inline]
pub(super) fn lengths_agree(
    offload: &TxOffload,
    network: &headers::Network,
    head: &[u8],
    len: usize,
) -> Result<(), OffloadError> {
    if offload.mss.is_some() {
        // The device states the lengths.
        let payload = len > offload.header_len();
        return if payload { Ok(()) } else { Err(OffloadError::NoPayload) };
    }
    // The device's sum goes to the packet's end.
    let states = |what, stated, actual| {
        let error = OffloadError::PacketLen { what, stated, actual };
        if stated == actual { Ok(()) } else { Err(error) }
    };
    let above_l2 = len - offload.l2_len;
    states("the IP header", network.total, above_l2)?;
    if offload.l4 == Some(L4Protocol::Udp) {
        let stated = headers::udp_len(head, offload.l2_len + offload.l3_len);
        states("the UDP header", stated, above_l2 - offload.l3_len)?;
    }
    Ok(())
}
