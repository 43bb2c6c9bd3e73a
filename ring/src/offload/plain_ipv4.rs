//! The packets that most checksums are asked for: one frame, Ethernet without tags, IPv4 without
//! options, TCP or UDP. Everything else takes the long way, which comes to the same for these.

use super::Lengths;
use crate::frame::Flags;

pub(super) const ETHERNET: usize = 14;
pub(super) const IPV4: usize = 20;
pub(super) const UDP: usize = 8;
const TCP: usize = 20;

/// Makes all of the packet of these bytes ready for its checksums to be inserted, as
/// [`PacketMut::request_checksums`](crate::PacketMut::request_checksums) says. `None`, and nothing
/// changed, if it is another packet, or not right.
#[inline(always)]
pub(super) fn prepare(bytes: &mut [u8]) -> Option<(Flags, Lengths)> {
    let len = bytes.len();
    let (head, _) = bytes.split_first_chunk_mut::<{ ETHERNET + IPV4 + UDP }>()?;
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    // EtherType, version and length, type of service, total length, identification.
    let start = u64::from_be_bytes(part(head, 12));
    let wanted = 0x0800_4500_0000_0000 | (len as u64 - ETHERNET as u64) << 16;
    if start & 0xffff_ff00_ffff_0000 != wanted {
        return None;
    }
    let above = len - ETHERNET - IPV4;
    // More fragments or an offset, time to live, protocol.
    match u32::from_be_bytes(part(head, 20)) & 0x3fff_00ff {
        17 if usize::from(word(38)) == above => {
            head[24..26].fill(0);
            let sum = pseudo_header(head, 17, above);
            head[40..42].copy_from_slice(&sum);
            Some((requested(Flags::UDP), Lengths::of(ETHERNET, IPV4, UDP)))
        }
        6 => {
            let (head, _) = bytes.split_first_chunk_mut::<{ ETHERNET + IPV4 + TCP }>()?;
            let l4_len = usize::from(head[46] >> 4) * 4;
            if !(TCP..=above).contains(&l4_len) {
                return None;
            }
            head[24..26].fill(0);
            let sum = pseudo_header(head, 6, above);
            head[50..52].copy_from_slice(&sum);
            Some((requested(Flags::TCP), Lengths::of(ETHERNET, IPV4, l4_len)))
        }
        _ => None,
    }
}

/// Some of the bytes, of which there are enough.
#[inline(always)]
fn part<const N: usize, const ALL: usize>(bytes: &[u8; ALL], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

/// What is asked for such a packet.
#[inline]
pub(super) fn requested(protocol: Flags) -> Flags {
    protocol | Flags::IPV4 | Flags::IP_CHECKSUM | Flags::L4_CHECKSUM
}

/// The sum over the pseudo-header of a packet with `len` bytes above IP (RFC 9293 3.1): folded, not
/// complemented. The order of bytes does not matter to it (RFC 1071 2B), so that they are added as they
/// lie in memory.
#[inline]
fn pseudo_header<const N: usize>(head: &[u8; N], protocol: u16, len: usize) -> [u8; 2] {
    let address = |at| u64::from(u32::from_ne_bytes(part(head, at)));
    let number = |number: u16| u64::from(number.to_be());
    let sum = address(26) + address(30) + number(protocol) + number(len as u16);
    // Four words of 16 bits at most, then twice what may carry.
    let sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    (sum as u16).to_ne_bytes()
}
