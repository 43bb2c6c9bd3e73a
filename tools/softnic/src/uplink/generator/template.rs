//! A frame that is made once and changed a little before each time it is sent.

use super::Flow;
use super::stamp::{self, Stamp};
use crate::Mac;
use crate::offload::{Facts, Sum};

/// Before a generator's payload, without a VLAN tag: Ethernet, IPv4, UDP.
const HEADERS: usize = 14 + 20 + 8;

/// Port 9 discards what it gets (RFC 863).
const DISCARD: u16 = 9;

/// Whose frame it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) vf: usize,
    pub(super) mac: Mac,
    pub(super) vlan: Option<u16>,
    pub(super) run: u16,
}

#[derive(Debug)]
pub(super) struct Template {
    frame: Vec<u8>,
    facts: Facts,
    /// First byte of the IPv4 header.
    ip: usize,
    /// Sums over what stays as it is: of IPv4's header, and of the datagram with its pseudo header.
    ip_sum: Sum,
    udp_sum: Sum,
}

impl Template {
    /// A frame of `size` bytes with FCS, a VLAN tag not counted. `filler` is what its payload goes on with.
    pub(super) fn new(target: Target, size: u16, mut filler: impl FnMut() -> u8) -> Template {
        let mut frame = Vec::with_capacity(usize::from(size));
        frame.extend(target.mac);
        frame.extend([0x02, 0x67, 0x65, 0x6e, 0x00, target.vf as u8]);
        if let Some(vlan) = target.vlan {
            frame.extend([0x81, 0x00]);
            frame.extend(vlan.to_be_bytes());
        }
        frame.extend([0x08, 0x00]);
        let ip = frame.len();
        let total = size - 4 - 14;
        // Version and length, type of service; total length; identification; do not fragment; time to
        // live, protocol, checksum; source.
        frame.extend([0x45, 0]);
        frame.extend(total.to_be_bytes());
        frame.extend(target.run.to_be_bytes());
        frame.extend([0x40, 0, 64, 17, 0, 0, 0, 0, 0, 0]);
        frame.extend([stamp::TO[0], stamp::TO[1], 255, target.vf as u8]);
        frame.extend([0, 0]);
        frame.extend(DISCARD.to_be_bytes());
        frame.extend((total - 20).to_be_bytes());
        frame.extend([0, 0]);
        frame.extend(Stamp::bytes(0, 0));
        frame.resize_with(ip + usize::from(total), &mut filler);
        let ip_sum = Sum::default().bytes(&frame[ip..ip + 20]);
        let udp_sum =
            Sum::default().bytes(&frame[ip + 12..]).number(17).number((total - 20).into());
        let mut template = Template { frame, facts: Facts::default(), ip, ip_sum, udp_sum };
        template.stamp(Flow::default(), 0, 0);
        template.facts = Facts::of(&template.frame);
        template
    }

    /// Length without FCS.
    pub(super) fn len(&self) -> usize {
        self.frame.len()
    }

    /// Makes the frame of this flow and number; its checksums are right.
    pub(super) fn stamp(&mut self, flow: Flow, sequence: u64, now: u64) -> (&[u8], &Facts) {
        let source = u32::from_be_bytes(flow.source);
        let ip_sum = self.ip_sum.number(source);
        // As the numbers that they are: bytes that were just written cannot be read quickly in other
        // pieces.
        let udp_sum = [
            source,
            flow.port.into(),
            u32::from((sequence >> 32) as u16),
            sequence as u32,
            (now >> 32) as u32,
            now as u32,
        ]
        .into_iter()
        .fold(self.udp_sum, Sum::number);
        // A sum of zero would mean that there is none (RFC 768).
        let udp = match udp_sum.checksum() {
            0 => 0xffff,
            sum => sum,
        };
        let bytes = &mut self.frame[self.ip..self.ip + 28 + stamp::LEN];
        bytes[10..12].copy_from_slice(&ip_sum.checksum().to_be_bytes());
        bytes[12..16].copy_from_slice(&flow.source);
        bytes[20..22].copy_from_slice(&flow.port.to_be_bytes());
        bytes[26..28].copy_from_slice(&udp.to_be_bytes());
        Stamp::write(&mut bytes[28..], sequence, now);
        (&self.frame, &self.facts)
    }
}

const _: () = assert!(HEADERS + stamp::LEN + 4 <= crate::uplink::Size::MIN as usize);
