//! What a receive descriptor says of a frame beyond its length, found by looking at its headers.

use super::checksum::{Sum, crc32c};
use super::headers::{Headers, Network, SCTP, TCP, UDP};

/// Packet types (82599 datasheet 7.1.6.2, PTYPE; `IXGBE_RXDADV_PKTTYPE_*`), from bit 0 on.
const TYPE_IPV4: u16 = 1 << 0;
const TYPE_IPV4_EXTENDED: u16 = 1 << 1;
const TYPE_IPV6: u16 = 1 << 2;
const TYPE_IPV6_EXTENDED: u16 = 1 << 3;
const TYPE_TCP: u16 = 1 << 4;
const TYPE_UDP: u16 = 1 << 5;
const TYPE_SCTP: u16 = 1 << 6;

/// Extended status and error (`IXGBE_RXD_STAT_*`, `IXGBE_RXDADV_ERR_*`).
const STATUS_L4CS: u32 = 1 << 5;
const STATUS_IPCS: u32 = 1 << 6;
const ERROR_L4E: u32 = 1 << 30;
const ERROR_IPE: u32 = 1 << 31;

/// What the adapter's parser finds in a frame: protocols, whether its checksums are right, and what
/// the RSS hash goes over.
///
/// They stay true as long as only bytes change which no checksum covers, the addresses of the Ethernet
/// header among them. So an uplink that sends the same frame again need not have it parsed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Packet type.
    pub(crate) packet_type: u16,
    /// Checksum bits of extended status and error.
    pub(crate) status: u32,
    /// What RSS goes over.
    pub(crate) flow: Flow,
}

/// Where the input of the RSS hash is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) network: Network,
    pub(crate) transport: Transport,
    /// Where the IP header's two addresses start.
    pub(crate) addresses: u16,
    /// Where the two ports start.
    pub(crate) ports: u16,
}

/// A layer 4 with ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Transport {
    /// None that RSS knows, or a fragment.
    #[default]
    Other,
    Tcp,
    Udp,
}

impl Facts {
    /// Parses a frame without FCS.
    pub fn of(frame: &[u8]) -> Facts {
        let headers = Headers::of(frame);
        let mut facts = Facts::default();
        match headers.network {
            Network::Other => return facts,
            Network::V4 => {
                facts.packet_type = TYPE_IPV4;
                facts.packet_type |= if headers.extended { TYPE_IPV4_EXTENDED } else { 0 };
                let header = &frame[headers.ip..headers.payload.0];
                facts.status = STATUS_IPCS;
                facts.status |= if Sum::default().bytes(header).is_right() { 0 } else { ERROR_IPE };
                facts.flow.addresses = headers.ip as u16 + 12;
            }
            Network::V6 => {
                facts.packet_type = TYPE_IPV6;
                facts.packet_type |= if headers.extended { TYPE_IPV6_EXTENDED } else { 0 };
                facts.flow.addresses = headers.ip as u16 + 8;
            }
        }
        facts.flow.network = headers.network;
        facts.transport(frame, &headers);
        facts
    }

    fn transport(&mut self, frame: &[u8], headers: &Headers) {
        let Some(protocol) = headers.protocol.filter(|_| !headers.fragment) else { return };
        let (start, end) = headers.payload;
        let payload = &frame[start..end];
        let right = match protocol {
            TCP if payload.len() >= 20 => {
                self.packet_type |= TYPE_TCP;
                self.flow.transport = Transport::Tcp;
                Some(self.pseudo(frame, protocol, payload.len()).bytes(payload).is_right())
            }
            UDP if payload.len() >= 8 => {
                self.packet_type |= TYPE_UDP;
                self.flow.transport = Transport::Udp;
                self.udp(frame, payload)
            }
            SCTP if payload.len() >= 12 => {
                self.packet_type |= TYPE_SCTP;
                let crc = crc32c([&payload[..8], &[0; 4], &payload[12..]]);
                Some(payload[8..12] == crc)
            }
            _ => return,
        };
        self.flow.ports = start as u16;
        if let Some(right) = right {
            self.status |= STATUS_L4CS | if right { 0 } else { ERROR_L4E };
        }
    }

    /// Whether a datagram's checksum is right, if it has one and its length can be.
    fn udp(&self, frame: &[u8], payload: &[u8]) -> Option<bool> {
        let len = usize::from(u16::from_be_bytes([payload[4], payload[5]]));
        if payload[6..8] == [0, 0] || len < 8 {
            return None;
        }
        let datagram = payload.get(..len)?;
        Some(self.pseudo(frame, UDP, len).bytes(datagram).is_right())
    }

    /// The pseudo header's sum (RFC 9293, 3.1; RFC 8200, 8.1).
    fn pseudo(&self, frame: &[u8], protocol: u8, len: usize) -> Sum {
        let at = usize::from(self.flow.addresses);
        let addresses = if self.flow.network == Network::V4 { 8 } else { 32 };
        Sum::default()
            .bytes(&frame[at..at + addresses])
            .number(u32::from(protocol))
            .number(len as u32)
    }
}
