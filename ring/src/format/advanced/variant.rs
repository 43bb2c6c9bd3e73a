//! What differs between devices with advanced descriptors.

use super::rx;

/// What differs between devices with advanced descriptors.
pub trait Variant: Send + Sync + 'static {
    /// Receive: an IPv4 checksum is wrong, in the second word.
    const RX_IP_ERROR: u64;
    /// Receive: a TCP, UDP or SCTP checksum is wrong, in the second word.
    const RX_L4_ERROR: u64;
    /// Receive: types of packets, in the first word, whose checksum may be right when it is said to be
    /// wrong.
    const RX_L4_DOUBTFUL: u64;
    /// Receive: the packet is damaged, in the second word.
    const RX_ERROR: u64;
    /// Receive: the TCP, UDP or SCTP checksum was looked at, in the second word.
    const RX_L4_CHECKED: u64;
    /// Receive: the tag is in the other byte order, in the second word.
    const RX_SWAPPED_TAG: u64;
    /// Transmit: bits that every data descriptor has, in the second word.
    const TX_ALWAYS: u64;
    /// Transmit: packets that ask for nothing need a context, too. It is number 0, set up before the
    /// first packet; those that ask for something use number 1 then, and number 0 otherwise.
    const TX_CONTEXT_ALWAYS: bool;
}

/// The 82576's bits.
#[derive(Clone, Copy, Debug)]
pub struct V82576;

/// The I350's bits.
#[derive(Clone, Copy, Debug)]
pub struct VI350;

/// The 82599's bits.
#[derive(Clone, Copy, Debug)]
pub struct V82599;

/// The bits of the X540 and those after it.
#[derive(Clone, Copy, Debug)]
pub struct VX540;

/// Bits `at` of a word.
const fn bits<const N: usize>(at: [u32; N]) -> u64 {
    let (mut word, mut i) = (0, 0);
    while i < N {
        word |= 1 << at[i];
        i += 1;
    }
    word
}

impl Variant for V82576 {
    const RX_IP_ERROR: u64 = bits([30]);
    const RX_L4_ERROR: u64 = bits([29]);
    /// An erratum that Linux's igb works around: SCTP packets of 60 bytes are said to be wrong.
    const RX_L4_DOUBTFUL: u64 = rx::SCTP;
    /// CE, SE, SEQ, CXE, RXE (E1000_RXDEXT_ERR_FRAME_ERR_MASK).
    const RX_ERROR: u64 = bits([24, 25, 26, 28, 31]);
    // TCPCS and UDPCS.
    const RX_L4_CHECKED: u64 = bits([5, 4]);
    const RX_SWAPPED_TAG: u64 = 0;
    const TX_ALWAYS: u64 = 0;
    const TX_CONTEXT_ALWAYS: bool = false;
}

impl Variant for VI350 {
    const RX_IP_ERROR: u64 = V82576::RX_IP_ERROR;
    const RX_L4_ERROR: u64 = V82576::RX_L4_ERROR;
    const RX_L4_DOUBTFUL: u64 = V82576::RX_L4_DOUBTFUL;
    const RX_ERROR: u64 = V82576::RX_ERROR;
    const RX_L4_CHECKED: u64 = V82576::RX_L4_CHECKED;
    /// LB, looped back: the switch inside delivers the tag as it was on the wire.
    const RX_SWAPPED_TAG: u64 = bits([18]);
    const TX_ALWAYS: u64 = 0;
    const TX_CONTEXT_ALWAYS: bool = false;
}

impl Variant for V82599 {
    /// IPE.
    const RX_IP_ERROR: u64 = bits([31]);
    /// TCPE.
    const RX_L4_ERROR: u64 = bits([30]);
    /// An erratum that Linux's and DPDK's ixgbe work around: UDP datagrams without a checksum are said
    /// to have a wrong one.
    const RX_L4_DOUBTFUL: u64 = rx::UDP;
    /// CE, LE, PE, OSE, USE (IXGBE_RXDADV_ERR_FRAME_ERR_MASK); bit 29 is RXE in the datasheet.
    const RX_ERROR: u64 = bits([24, 25, 27, 28, 29]);
    /// L4CS. Bit 4, UDPCS of the 82576, means nothing here.
    const RX_L4_CHECKED: u64 = bits([5]);
    const RX_SWAPPED_TAG: u64 = 0;
    /// CC, check context: to be set where the device switches between functions (7.2.3.2.4). Without
    /// it malicious-driver detection of X550 and later stops the queue.
    const TX_ALWAYS: u64 = bits([39]);
    const TX_CONTEXT_ALWAYS: bool = true;
}

impl Variant for VX540 {
    const RX_IP_ERROR: u64 = V82599::RX_IP_ERROR;
    const RX_L4_ERROR: u64 = V82599::RX_L4_ERROR;
    const RX_L4_DOUBTFUL: u64 = 0;
    const RX_ERROR: u64 = V82599::RX_ERROR;
    const RX_L4_CHECKED: u64 = V82599::RX_L4_CHECKED;
    const RX_SWAPPED_TAG: u64 = 0;
    const TX_ALWAYS: u64 = V82599::TX_ALWAYS;
    const TX_CONTEXT_ALWAYS: bool = true;
}
