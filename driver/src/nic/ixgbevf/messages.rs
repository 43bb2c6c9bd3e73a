//! Mailbox messages from VF to PF beyond those that igbvf has, too (Linux's ixgbe, `ixgbe_mbx.h`).

/// API 1.0: further unicast addresses. The info bits are 0 for none, 1 for the first, else for one
/// more.
pub(super) const SET_MACVLAN: u32 = 0x06;
/// API 1.0: the API's version, as in [`Api`](super::api::Api), in word 1.
pub(super) const API_NEGOTIATE: u32 = 0x08;
/// API 1.1: the answer has transmit queues, receive queues, traffic classes or a port VLAN, and the
/// default queue from word 1 on.
pub(super) const GET_QUEUES: u32 = 0x09;
/// API 1.2: the answer has the RSS table of 128 entries, two bits each, from word 1 on.
pub(super) const GET_RETA: u32 = 0x0a;
/// API 1.2: the answer has the RSS key from word 1 on.
pub(super) const GET_RSS_KEY: u32 = 0x0b;
/// API 1.2: promiscuous modes, as in [`Mode`](super::modes::Mode), in word 1.
pub(super) const UPDATE_XCAST_MODE: u32 = 0x0c;
/// API 1.2: whether the PF's administrator has the VF enabled, in the answer's word 1.
pub(super) const GET_LINK_STATE: u32 = 0x10;
/// API 1.6: speed and state of the E610's link, in the answer's words 1 and 2.
pub(super) const GET_PF_LINK_STATE: u32 = 0x11;

/// GET_QUEUES's answer: transmit queues.
pub(super) const TX_QUEUES: usize = 1;
/// GET_QUEUES's answer: receive queues.
pub(super) const RX_QUEUES: usize = 2;
/// GET_QUEUES's answer: 0, 1 for a port VLAN, or a number of traffic classes.
pub(super) const TRANSPARENT_VLAN: usize = 3;
