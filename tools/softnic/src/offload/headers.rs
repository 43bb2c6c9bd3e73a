//! Where the headers of a frame are, and the protocols they belong to. Everything is bounded by the
//! frame; what does not fit is not there.

/// Bytes of an Ethernet header.
pub(crate) const ETHERNET: usize = 14;

/// EtherType of a VLAN tag (IEEE 802.1Q).
pub(crate) const VLAN: u16 = 0x8100;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// Protocol numbers (IANA).
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const SCTP: u8 = 132;

/// IPv6 extension headers of 8-byte units that lie before the payload (RFC 8200, section 4).
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;

/// Most extension headers that are followed.
const EXTENSIONS_MAX: usize = 8;

/// A layer 3 that the parser knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Network {
    /// Something else.
    #[default]
    Other,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What was found in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) network: Network,
    /// Where the IP header starts.
    pub(crate) ip: usize,
    /// The IP header has options or extension headers.
    pub(crate) extended: bool,
    /// A part of a fragmented packet.
    pub(crate) fragment: bool,
    /// Protocol of what follows, if all of the IP packet is in the frame.
    pub(crate) protocol: Option<u8>,
    /// Where that starts and where it ends.
    pub(crate) payload: (usize, usize),
}

/// A 16-bit field; 0 outside the frame.
#[inline]
pub(crate) fn field(frame: &[u8], at: usize) -> u16 {
    match frame.get(at..at + 2) {
        Some(&[high, low]) => u16::from_be_bytes([high, low]),
        _ => 0,
    }
}

/// The frame's VLAN tag: its tag control information.
#[inline]
pub(crate) fn tag(frame: &[u8]) -> Option<u16> {
    (frame.len() >= ETHERNET + 4 && field(frame, 12) == VLAN).then(|| field(frame, 14))
}

impl Headers {
    /// Looks behind at most one VLAN tag: the PF has double VLAN off.
    #[inline]
    pub(crate) fn of(frame: &[u8]) -> Headers {
        let behind = if tag(frame).is_some() { ETHERNET + 4 } else { ETHERNET };
        match field(frame, behind - 2) {
            IPV4 => v4(frame, behind),
            IPV6 => v6(frame, behind),
            _ => Headers::default(),
        }
    }
}

#[inline]
fn v4(frame: &[u8], ip: usize) -> Headers {
    let Some(header) = frame.get(ip..ip + 20) else { return Headers::default() };
    let words = usize::from(header[0] & 0xf);
    let payload = ip + words * 4;
    if header[0] >> 4 != 4 || words < 5 || payload > frame.len() {
        return Headers::default();
    }
    let end = ip + usize::from(field(header, 2));
    // MF, and the fragment's offset.
    let fragment = field(header, 6) & 0x3fff != 0;
    let whole = end >= payload && end <= frame.len();
    Headers {
        network: Network::V4,
        ip,
        extended: words > 5,
        fragment,
        protocol: whole.then_some(header[9]),
        payload: (payload, end),
    }
}

fn v6(frame: &[u8], ip: usize) -> Headers {
    let Some(header) = frame.get(ip..ip + 40) else { return Headers::default() };
    if header[0] >> 4 != 6 {
        return Headers::default();
    }
    let mut at = ip + 40;
    let end = at + usize::from(field(header, 4));
    let mut found = Headers { network: Network::V6, ip, ..Headers::default() };
    let mut next = header[6];
    for _ in 0..EXTENSIONS_MAX {
        if !matches!(next, HOP_BY_HOP | ROUTING | FRAGMENT | DESTINATION) {
            break;
        }
        found.extended = true;
        let Some(&[following, units]) = frame.get(at..at + 2) else { return found };
        if next == FRAGMENT {
            found.fragment = true;
        }
        at += if next == FRAGMENT { 8 } else { (usize::from(units) + 1) * 8 };
        next = following;
    }
    let whole = at <= end && end <= frame.len();
    found.protocol = whole.then_some(next);
    found.payload = (at, end);
    found
}
