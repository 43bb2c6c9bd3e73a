//! Segmentation: one long TCP packet, or UDP datagram, becomes several (82599 datasheet 7.2.4).

use super::insert::{self, Layer4};

/// TCP flags by bit of the header's byte 13.
const FIN: u8 = 1 << 0;
const PSH: u8 = 1 << 3;
const CWR: u8 = 1 << 7;

/// How a packet is cut up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segmentation {
    /// Bytes before the IP header (MACLEN), of the IP header with extensions (IPLEN) and of the layer 4
    /// header (L4LEN).
    pub(crate) mac: usize,
    pub(crate) ip: usize,
    pub(crate) l4: usize,
    /// Most payload of a segment (MSS), not 0.
    pub(crate) mss: usize,
    /// TUCMD.IPV4.
    pub(crate) v4: bool,
    /// TUCMD.L4T: not SCTP.
    pub(crate) kind: Layer4,
    /// POPTS.IXSM and TXSM.
    pub(crate) ip_checksum: bool,
    pub(crate) l4_checksum: bool,
}

impl Segmentation {
    /// Bytes of all headers.
    pub(crate) fn headers(&self) -> usize {
        self.mac + self.ip + self.l4
    }

    /// How many segments a packet of this length becomes.
    pub(crate) fn count(&self, packet: usize) -> usize {
        packet.saturating_sub(self.headers()).div_ceil(self.mss)
    }

    /// Writes segment number `at` of `packet` and returns its length. The headers must be in the packet
    /// and at least as long as their protocol has it, and `into` must have room for headers and MSS.
    pub(crate) fn write(&self, packet: &[u8], at: usize, into: &mut [u8]) -> usize {
        let headers = self.headers();
        let start = headers + at * self.mss;
        let end = packet.len().min(start + self.mss);
        let len = headers + (end - start);
        let segment = &mut into[..len];
        segment[..headers].copy_from_slice(&packet[..headers]);
        segment[headers..].copy_from_slice(&packet[start..end]);
        let (ip, message) = segment[self.mac..].split_at_mut(self.ip);
        let length = message.len();
        self.network(ip, length, at);
        match self.kind {
            Layer4::Udp => message[4..6].copy_from_slice(&(length as u16).to_be_bytes()),
            _ => tcp(message, at * self.mss, at == 0, end == packet.len()),
        }
        if self.l4_checksum {
            insert::layer4(message, self.kind, length as u32);
        }
        len
    }

    /// Length, identification and checksum of the IP header.
    fn network(&self, header: &mut [u8], message: usize, at: usize) {
        if !self.v4 {
            let payload = header.len() - 40 + message;
            header[4..6].copy_from_slice(&(payload as u16).to_be_bytes());
            return;
        }
        let total = header.len() + message;
        header[2..4].copy_from_slice(&(total as u16).to_be_bytes());
        let id = u16::from_be_bytes([header[4], header[5]]).wrapping_add(at as u16);
        header[4..6].copy_from_slice(&id.to_be_bytes());
        if self.ip_checksum {
            insert::ipv4(header);
        }
    }
}

/// Sequence number and flags of a TCP header. The masks are the defaults of DTXTCPFLGL and DTXTCPFLGH:
/// FIN and PSH on the last segment only, CWR on the first only.
fn tcp(header: &mut [u8], offset: usize, first: bool, last: bool) {
    let sequence = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    header[4..8].copy_from_slice(&sequence.wrapping_add(offset as u32).to_be_bytes());
    if !last {
        header[13] &= !(FIN | PSH);
    }
    if !first {
        header[13] &= !CWR;
    }
}
