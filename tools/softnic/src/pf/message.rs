//! The words of the mailbox (Linux's ixgbe `ixgbe_mbx.h`, DPDK's `ixgbe_mbx.h`).

/// Set in an answer: the PF did what was asked.
pub(super) const ACK: u32 = 1 << 31;
/// Set in an answer: the PF refused.
pub(super) const NACK: u32 = 1 << 30;
/// Set by the PF as long as it takes requests from this VF: clear to send.
pub(super) const CTS: u32 = 1 << 29;
/// What a message is about.
pub(super) const KIND: u32 = 0xffff;

/// A message of the PF that nobody asked for.
pub(super) const CONTROL: u32 = 0x0100;

pub(super) const RESET: u32 = 0x01;
pub(super) const SET_MAC_ADDR: u32 = 0x02;
pub(super) const SET_MULTICAST: u32 = 0x03;
pub(super) const SET_VLAN: u32 = 0x04;
pub(super) const SET_LPE: u32 = 0x05;
pub(super) const SET_MACVLAN: u32 = 0x06;
pub(super) const API_NEGOTIATE: u32 = 0x08;
pub(super) const GET_QUEUES: u32 = 0x09;
pub(super) const GET_RETA: u32 = 0x0a;
pub(super) const GET_RSS_KEY: u32 = 0x0b;
pub(super) const UPDATE_XCAST_MODE: u32 = 0x0c;
pub(super) const GET_LINK_STATE: u32 = 0x10;
pub(super) const GET_PF_LINK_STATE: u32 = 0x11;
pub(super) const FEATURES_NEGOTIATE: u32 = 0x12;

/// The number or flag that some requests carry in bits 23:16 (IXGBE_VT_MSGINFO).
pub(super) fn info(word: u32) -> u32 {
    word >> 16 & 0xff
}

/// An address from two words, first byte lowest.
pub(super) fn address(words: &[u32]) -> [u8; 6] {
    let bytes = |at: usize| words.get(at).copied().unwrap_or(0).to_le_bytes();
    let ([a, b, c, d], [e, f, ..]) = (bytes(0), bytes(1));
    [a, b, c, d, e, f]
}

/// An address as two words.
pub(super) fn address_words(mac: [u8; 6]) -> [u32; 2] {
    let [a, b, c, d, e, f] = mac;
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, 0, 0])]
}

/// A version of the API, by its minor number: 1.0 to 1.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Api(u8);

impl Api {
    /// 1.1: queues can be asked for, jumbo frames on an 82599.
    pub(super) const QUEUES: Api = Api(1);
    /// 1.2: hash key and table, modes.
    pub(super) const MODES: Api = Api(2);
    /// 1.3: promiscuous mode.
    pub(super) const PROMISCUOUS: Api = Api(3);
    /// 1.5: the VF keeps the buffer until the PF has acknowledged.
    pub(super) const HELD_BUFFER: Api = Api(5);
    /// 1.6: link state of the PF.
    pub(super) const PF_LINK: Api = Api(6);
    /// 1.7: features.
    pub(super) const FEATURES: Api = Api(7);

    /// The version that a number of `ixgbe_pfvf_api_rev` stands for. Number 1 is 2.0, which was
    /// Solaris' own and no PF of today speaks.
    pub(super) fn from_number(number: u32, newest: u8) -> Option<Api> {
        let minor = match number {
            0 => 0,
            2..=8 => number as u8 - 1,
            _ => return None,
        };
        (minor <= newest).then_some(Api(minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbered_as_linux_numbers_them() {
        let minors: Vec<_> = (0..=9).map(|n| Api::from_number(n, 7).map(|api| api.0)).collect();
        let some = |minor| Some(minor);
        assert_eq!(
            minors,
            [some(0), None, some(1), some(2), some(3), some(4), some(5), some(6), some(7), None]
        );
        assert_eq!(Api::from_number(4, 2), None, "1.3 is newer than what the PF speaks");
        assert_eq!(Api::from_number(u32::MAX, 7), None);
    }

    #[test]
    fn addresses_are_little_endian_words() {
        let mac = [0x02, 0x11, 0x22, 0x33, 0x44, 0x55];
        assert_eq!(address_words(mac), [0x3322_1102, 0x5544]);
        assert_eq!(address(&[0x3322_1102, 0xffff_5544]), mac);
        assert_eq!(address(&[1]), [1, 0, 0, 0, 0, 0]);
    }
}
