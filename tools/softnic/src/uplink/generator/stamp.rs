//! What a generator's frame says of itself.

/// First bytes of a generator's payload.
const MAGIC: [u8; 4] = *b"sgen";

/// Bytes of a stamp.
pub(super) const LEN: usize = 18;

/// First two bytes of the addresses that frames are sent to: 198.19.0.0/16 is the upper half of what
/// RFC 2544 sets aside for measurements.
pub(super) const TO: [u8; 2] = [198, 19];

/// What a generator's frame says of itself, for whoever checks loss, order and latency.
///
/// It is a UDP datagram over IPv4. The stamp is the first 18 bytes of its payload, so from byte 42 of a
/// frame on, or 46 with a VLAN tag: `sgen` (4 bytes), the sequence number (6), the time (8), most
/// significant byte first. The run is IPv4's identification; the VF is the last byte of the destination's
/// address, 198.19.255.VF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The VF that it was sent to.
    pub vf: usize,
    /// Which generator of the adapter sent it: where processes share one, the wire changes hands, and
    /// sequence numbers start anew.
    pub run: u16,
    /// How many frames were sent to the VF before it, below 2^48.
    pub sequence: u64,
    /// The step's time when it was sent, in nanoseconds.
    pub sent: u64,
}

impl Stamp {
    /// The stamp of a frame without FCS, with or without a VLAN tag, if a generator sent it.
    pub fn read(frame: &[u8]) -> Option<Stamp> {
        let ip = match frame.get(12..14)? {
            [0x08, 0x00] => 14,
            [0x81, 0x00] if frame.get(16..18)? == [0x08, 0x00] => 18,
            _ => return None,
        };
        let header = frame.get(ip..ip + 20)?;
        let stamp = frame.get(ip + 28..ip + 28 + LEN)?;
        let is_ours =
            header[0] == 0x45 && header[9] == 17 && header[16..18] == TO && stamp[..4] == MAGIC;
        is_ours.then(|| Stamp {
            vf: header[19].into(),
            run: u16::from_be_bytes([header[4], header[5]]),
            sequence: number(&stamp[4..10]),
            sent: number(&stamp[10..18]),
        })
    }

    /// The bytes that the payload starts with.
    pub(super) fn bytes(sequence: u64, sent: u64) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        Stamp::write(&mut bytes, sequence, sent);
        bytes
    }

    /// Writes sequence number and time into such bytes.
    #[inline]
    pub(super) fn write(bytes: &mut [u8], sequence: u64, sent: u64) {
        bytes[4..6].copy_from_slice(&((sequence >> 32) as u16).to_be_bytes());
        bytes[6..10].copy_from_slice(&(sequence as u32).to_be_bytes());
        bytes[10..LEN].copy_from_slice(&sent.to_be_bytes());
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
