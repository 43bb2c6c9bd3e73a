//! What is done with a burst: the driver's calls, and what an application does to frames between them.

use barline::FrameBatch;

use super::lanes::Lane;

/// The VLAN into which [`forward_offload`] has the device put each packet.
const VLAN: u16 = 5;

/// Frames that a burst has moved.
#[derive(Clone, Copy, Default)]
pub(super) struct Moved {
    /// Received.
    pub(super) received: usize,
    /// Handed to the device.
    pub(super) sent: usize,
}

/// Receives; what came stays in the batch.
#[inline(always)]
pub(super) fn receive(lane: &mut Lane, batch: &mut FrameBatch<'_>) -> Moved {
    Moved { received: lane.rx.poll(batch), sent: 0 }
}

/// Receives and sends.
#[inline(always)]
pub(super) fn forward(lane: &mut Lane, batch: &mut FrameBatch<'_>) -> Moved {
    let received = lane.rx.poll(batch);
    Moved { received, sent: lane.tx.push(batch) }
}

/// Receives, exchanges the MAC addresses, and sends.
#[inline(always)]
pub(super) fn forward_mac(lane: &mut Lane, batch: &mut FrameBatch<'_>) -> Moved {
    let received = lane.rx.poll(batch);
    for mut packet in batch.packets_mut() {
        if let Some(addresses) = packet.head().data().first_chunk_mut::<12>() {
            let (destination, source) = addresses.split_at_mut(6);
            destination.swap_with_slice(source);
        }
    }
    Moved { received, sent: lane.tx.push(batch) }
}

/// Receives, asks for IPv4 and UDP checksums and a VLAN tag, and sends.
#[inline(always)]
pub(super) fn forward_offload(lane: &mut Lane, batch: &mut FrameBatch<'_>) -> Moved {
    let received = lane.rx.poll(batch);
    let refused = batch.request_checksums();
    batch.set_vlan(Some(VLAN));
    let sent = lane.tx.push(batch);
    assert!(refused == 0, "frames of the generator cannot be asked for checksums");
    Moved { received, sent }
}

/// Bytes before the payload: Ethernet, IPv4, UDP.
const HEADER: usize = 14 + 20 + 8;

/// Makes `count` UDP datagrams of `len` bytes to nobody, for a batch that has room.
pub(super) fn make(lane: &Lane, batch: &mut FrameBatch<'_>, count: usize, len: usize) -> usize {
    let header = header(lane.mac, len);
    let made = batch.alloc_many(len, count);
    for mut packet in batch.packets_mut() {
        if let Some(bytes) = packet.head().data().first_chunk_mut() {
            *bytes = header;
        }
    }
    made
}

/// From the VF to a local address that no VF has; from 198.18.0.1 to 198.18.0.2, which RFC 2544 sets aside,
/// to the discard port. Nobody checks the sums of a frame to nobody, which are left out.
fn header(source: [u8; 6], len: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..6].copy_from_slice(&[2, 0, 0, 0, 0, 0]);
    header[6..12].copy_from_slice(&source);
    header[12..14].copy_from_slice(&0x0800_u16.to_be_bytes());
    // Version and header length; time to live; UDP.
    (header[14], header[22], header[23]) = (0x45, 64, 17);
    header[16..18].copy_from_slice(&(len.saturating_sub(14) as u16).to_be_bytes());
    header[26..34].copy_from_slice(&[198, 18, 0, 1, 198, 18, 0, 2]);
    header[34..38].copy_from_slice(&[0xc0, 0, 0, 9]);
    header[38..40].copy_from_slice(&(len.saturating_sub(34) as u16).to_be_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_a_datagram_of_its_length() {
        let header = header([2, 0, 0, 0, 0, 9], 60);
        assert_eq!(header[..14], [2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 9, 8, 0]);
        assert_eq!((header[14], header[23]), (0x45, 17));
        assert_eq!(u16::from_be_bytes([header[16], header[17]]), 46);
        assert_eq!(u16::from_be_bytes([header[38], header[39]]), 26);
    }
}
