//! What a device does with a packet's bytes when it inserts checksums and cuts segments: 82599
//! datasheet 7.2.4 and 7.2.5.

use super::work::{Context, L4, Options};

/// Ones' complement sum of 16-bit words (RFC 1071), folded.
pub fn sum(bytes: &[u8]) -> u16 {
    let mut sum = 0u64;
    for pair in bytes.chunks(2) {
        sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// CRC32c as SCTP has it (RFC 9260, appendix A): Castagnoli's polynomial, reflected.
pub fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    !crc
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// The packets that go out for one that was queued.
pub fn execute(bytes: &[u8], context: Option<&Context>, options: &Options) -> Vec<Vec<u8>> {
    let Some(context) = context.filter(|_| options.any()) else {
        assert_eq!(options.payload, bytes.len(), "PAYLEN");
        return vec![bytes.to_vec()];
    };
    assert!(context.mac_len >= 14, "MACLEN");
    if !options.segment {
        assert_eq!(options.payload, bytes.len(), "PAYLEN");
        let mut packet = bytes.to_vec();
        insert(&mut packet, context, options);
        return vec![packet];
    }
    assert_eq!(context.l4, L4::Tcp, "segments of TCP");
    assert!(options.l4_sum && options.ip_sum == context.ipv4, "segments have new checksums");
    let headers = context.mac_len + context.ip_len + context.l4_len;
    assert!((12..=60).contains(&context.l4_len) && headers <= 240, "header lengths");
    assert_eq!(options.payload, bytes.len() - headers, "PAYLEN counts no headers");
    assert!(options.payload > 0 && context.mss > 16, "MSS");
    let parts = bytes[headers..].chunks(context.mss);
    let last = parts.len() - 1;
    let segment = |(i, payload): (usize, &[u8])| {
        let mut packet = bytes[..headers].to_vec();
        packet.extend(payload);
        update(&mut packet, context, i, i == last);
        insert(&mut packet, context, options);
        packet
    };
    parts.enumerate().map(segment).collect()
}

/// Brings the headers of segment `i` up to date.
fn update(packet: &mut [u8], context: &Context, i: usize, last: bool) {
    let (ip, l4) = (context.mac_len, context.mac_len + context.ip_len);
    let above_ip = packet.len() - l4;
    if context.ipv4 {
        assert_eq!(packet[ip + 2..ip + 4], [0, 0], "the total length is the device's");
        put16(packet, ip + 2, (packet.len() - ip) as u16);
        let id = u16::from_be_bytes([packet[ip + 4], packet[ip + 5]]);
        put16(packet, ip + 4, id.wrapping_add(i as u16));
    } else {
        assert_eq!(packet[ip + 4..ip + 6], [0, 0], "the payload length is the device's");
        put16(packet, ip + 4, (packet.len() - ip - 40) as u16);
    }
    let sequence = u32::from_be_bytes(packet[l4 + 4..l4 + 8].try_into().unwrap());
    let sequence = sequence.wrapping_add((i * context.mss) as u32);
    packet[l4 + 4..l4 + 8].copy_from_slice(&sequence.to_be_bytes());
    if !last {
        // FIN and PSH.
        packet[l4 + 13] &= !0x09;
    }
    // The pseudo-header's length is added for each segment.
    let seed = [packet[l4 + 16], packet[l4 + 17], (above_ip >> 8) as u8, above_ip as u8];
    put16(packet, l4 + 16, sum(&seed));
}

/// Inserts the checksums that are asked for.
fn insert(packet: &mut [u8], context: &Context, options: &Options) {
    let (ip, l4) = (context.mac_len, context.mac_len + context.ip_len);
    if options.ip_sum {
        assert!(context.ipv4, "IXSM for IPv6");
        assert_eq!(packet[ip + 10..ip + 12], [0, 0], "the header checksum is the device's");
        let value = !sum(&packet[ip..l4]);
        put16(packet, ip + 10, value);
    }
    if options.l4_sum {
        match context.l4 {
            L4::Tcp => {
                let value = !sum(&packet[l4..]);
                put16(packet, l4 + 16, value);
            }
            L4::Udp => {
                let value = !sum(&packet[l4..]);
                // 0 would mean that there is none.
                put16(packet, l4 + 6, if value == 0 { 0xffff } else { value });
            }
            L4::Sctp => {
                assert_eq!(packet[l4 + 8..l4 + 12], [0; 4], "the CRC is the device's");
                let crc = crc32c(&packet[l4..]);
                packet[l4 + 8..l4 + 12].copy_from_slice(&crc.to_le_bytes());
            }
        }
    }
}
