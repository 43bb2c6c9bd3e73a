//! The Toeplitz hash of receive-side scaling (Microsoft's RSS specification; 82599 datasheet 7.1.2.8.1).

/// Bytes of a key (registers RSSRK and VFRSSRK).
pub(crate) const KEY: usize = 40;

/// Longest input: two IPv6 addresses and two ports.
const INPUT: usize = 36;

/// The hash of one key, as a table: what each value of each input byte adds to it.
#[derive(Clone)]
pub(crate) struct Toeplitz {
    key: [u8; KEY],
    table: Box<[[u32; 256]; INPUT]>,
}

impl std::fmt::Debug for Toeplitz {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Toeplitz").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Toeplitz {
    /// The hash of a key.
    pub(crate) fn new(key: [u8; KEY]) -> Toeplitz {
        let mut table = vec![[0; 256]; INPUT];
        for (at, values) in table.iter_mut().enumerate() {
            // The 40 bits of the key that this byte's bits meet, 32 of them each.
            let window =
                key[at..at + 5].iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            for (value, sum) in values.iter_mut().enumerate() {
                for bit in (0..8).filter(|bit| value & 0x80 >> bit != 0) {
                    *sum ^= (window >> (8 - bit)) as u32;
                }
            }
        }
        let table = table.try_into().unwrap_or_else(|_| unreachable!("it has INPUT rows"));
        Toeplitz { key, table }
    }

    /// The key.
    pub(crate) fn key(&self) -> &[u8; KEY] {
        &self.key
    }

    /// Hashes addresses and, if there are any, ports, as they stand in the headers. What is over 36
    /// bytes together is not looked at.
    #[inline]
    pub(crate) fn hash(&self, addresses: &[u8], ports: &[u8]) -> u32 {
        // Most packets by far: as many bytes as are known here are added without a loop.
        if let (Ok(addresses), Ok(ports)) = (addresses.try_into(), ports.try_into()) {
            return self.add::<8>(0, addresses) ^ self.add::<4>(8, ports);
        }
        if let (Ok(addresses), []) = (addresses.try_into(), ports) {
            return self.add::<8>(0, addresses);
        }
        let (first, second) = self.table.split_at(addresses.len().min(INPUT));
        let add = |sum, (values, byte): (&[u32; 256], &u8)| sum ^ values[usize::from(*byte)];
        let sum = first.iter().zip(addresses).fold(0, add);
        second.iter().zip(ports).fold(sum, add)
    }

    #[inline]
    fn add<const N: usize>(&self, at: usize, bytes: &[u8; N]) -> u32 {
        (0..N).fold(0, |sum, i| sum ^ self.table[at + i][usize::from(bytes[i])])
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use super::*;

    /// The key of Microsoft's "Verifying the RSS Hash Calculation".
    const MICROSOFT: [u8; KEY] = [
        0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f,
        0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
        0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
    ];

    /// Its vectors: destination, source, hash of the addresses, hash of addresses and ports.
    const VECTORS: [(&str, &str, u32, u32); 8] = [
        ("161.142.100.80:1766", "66.9.149.187:2794", 0x323e_8fc2, 0x51cc_c178),
        ("65.69.140.83:4739", "199.92.111.2:14230", 0xd718_262a, 0xc626_b0ea),
        ("12.22.207.184:38024", "24.19.198.95:12898", 0xd2d0_a5de, 0x5c2b_394a),
        ("209.142.163.6:2217", "38.27.205.30:48228", 0x8298_9176, 0xafc7_327f),
        ("202.188.127.2:1303", "153.39.163.191:44251", 0x5d18_09c5, 0x10e8_28a2),
        ("[3ffe:2501:200:3::1]:1766", "[3ffe:2501:200:1fff::7]:2794", 0x2cc1_8cd5, 0x4020_7d3d),
        ("[ff02::1]:4739", "[3ffe:501:8::260:97ff:fe40:efab]:14230", 0x0f0c_461c, 0xdde5_1bbf),
        (
            "[fe80::200:f8ff:fe21:67cf]:38024",
            "[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:44251",
            0x4b61_e985,
            0x02d1_feef,
        ),
    ];

    fn octets(address: SocketAddr) -> Vec<u8> {
        match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        }
    }

    #[test]
    fn the_published_vectors_come_out() {
        let toeplitz = Toeplitz::new(MICROSOFT);
        for (destination, source, addresses_only, with_ports) in VECTORS {
            let [to, from]: [SocketAddr; 2] = [destination, source].map(|at| at.parse().unwrap());
            let addresses = [octets(from), octets(to)].concat();
            let ports = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
            assert_eq!(toeplitz.hash(&addresses, &[]), addresses_only, "{destination}");
            assert_eq!(toeplitz.hash(&addresses, &ports), with_ports, "{destination}");
        }
    }

    #[test]
    fn an_input_that_is_too_long_is_cut() {
        let toeplitz = Toeplitz::new(MICROSOFT);
        assert_eq!(toeplitz.hash(&[7; 90], &[1]), toeplitz.hash(&[7; 36], &[]));
        assert_eq!(toeplitz.hash(&[], &[]), 0);
    }
}
