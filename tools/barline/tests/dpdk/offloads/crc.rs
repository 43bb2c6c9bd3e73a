//! SCTP's checksum, bit by bit.

/// CRC32c (RFC 9260, appendix A), as it stands in an SCTP header.
pub fn crc32c(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    (!crc).to_le_bytes()
}

/// RFC 3720, appendix B.4: 32 bytes of zeros, of ones, and those from 0 to 31.
#[test]
fn the_published_checksums_come_out() {
    assert_eq!(crc32c(&[0; 32]), [0xaa, 0x36, 0x91, 0x8a]);
    assert_eq!(crc32c(&[0xff; 32]), [0x43, 0xab, 0xa8, 0x62]);
    let rising: Vec<u8> = (0..32).collect();
    assert_eq!(crc32c(&rising), [0x4e, 0x79, 0xdd, 0x46]);
}
