//! What a VF driver does for its port.

use super::Rss;
use crate::{LinkState, MacAddress, Result};

/// The largest frame of Ethernet without jumbo frames, with FCS: what every PF lets through.
pub(crate) const STANDARD_FRAME: u16 = 1518;

/// The descriptor format that a device's queues speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DescriptorFormat {
    /// Advanced descriptors of the 82576.
    Adv82576,
    /// The same, with the tag of looped-back frames byte-swapped (I350).
    AdvI350,
    /// Advanced descriptors of the 82599.
    Adv82599,
    /// Those of the X540 and later, without an erratum of the 82599.
    AdvX540,
}

/// What a device can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Queue pairs: what the device can have, and what the PF has granted from [`Vf::reset`] on.
    pub(crate) queues: u16,
    /// Longest frame in bytes, with FCS and without VLAN tag.
    pub(crate) max_frame: u16,
    /// Most frames (buffers) that one transmitted packet may have.
    pub(crate) max_tx_chain: usize,
    /// Bits of the octet counters.
    pub(crate) octet_bits: u32,
    /// Unicast addresses that the VF may have besides its own.
    pub(crate) unicast: usize,
    /// Multicast groups that the VF may ask for by name.
    pub(crate) multicast: usize,
    /// Entries of the table of receive queues that RSS selects from; 0 where a VF cannot set RSS up.
    pub(crate) rss_table: usize,
    /// The VF chooses whether tags are taken out of received packets.
    pub(crate) vlan_strip: bool,
}

/// What a device is, in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    /// The family's driver, by the name that others give theirs: `igbvf`.
    pub(crate) driver: &'static str,
    /// The device: `82576 VF`.
    pub(crate) model: &'static str,
}

/// The interrupt of a receive queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RxInterrupt {
    /// The MSI-X vector, 1 or more, which several queues may share.
    pub(crate) vector: u16,
    /// Byte offset of the register which lets that vector signal once.
    pub(crate) register: u64,
    /// What is to be written there.
    pub(crate) value: u32,
}

/// Where a ring is, for the device's registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingPlace {
    /// I/O virtual address of the first descriptor.
    pub(crate) iova: u64,
    /// Bytes of all descriptors.
    pub(crate) len: usize,
}

/// How a receive queue treats what comes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RxSetup {
    /// Bytes of each buffer that the device may fill.
    pub(crate) data_room: usize,
    /// Take VLAN tags out of packets. A device whose PF couples this to its filter ignores it.
    pub(crate) vlan_strip: bool,
}

/// A register, as a dump shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterValue {
    /// The datasheet's name, with the queue where it has several.
    pub name: String,
    /// Byte offset in BAR 0.
    pub offset: u64,
    /// What it read as.
    pub value: u32,
}

/// What the PF or the device had to say when it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// The PF reset the device, or lost its state of this VF: nothing works until
    /// [`Vf::reset`].
    pub(crate) pf_reset: bool,
}

/// Counters as the device has them now; [`crate::port`] widens them. Packets are counted in 32 bits,
/// octets in [`Limits::octet_bits`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RawStats {
    /// Good packets received.
    pub(crate) rx_packets: u32,
    /// Good octets received.
    pub(crate) rx_bytes: u64,
    /// Multicast packets received.
    pub(crate) rx_multicast: u32,
    /// Good packets transmitted.
    pub(crate) tx_packets: u32,
    /// Good octets transmitted.
    pub(crate) tx_bytes: u64,
    /// Packets dropped for want of a descriptor, since the last reading; `None` where the device
    /// does not tell.
    pub(crate) rx_dropped: Option<u32>,
}

/// The control path of one VF.
pub(crate) trait Vf: Send {
    /// What the device is.
    fn about(&self) -> About;

    /// The descriptor format of its queues.
    fn format(&self) -> DescriptorFormat;

    /// What the device can do.
    fn limits(&self) -> Limits;

    /// Says how many queues of each direction will be in use, from 0 on. [`Vf::reset`] fails when the
    /// PF grants the VF fewer.
    fn use_queues(&mut self, rx: u16, tx: u16) -> Result<()>;

    /// Resets the function and greets the PF. All queues, interrupts and filters are off after it.
    /// Returns the MAC address that the PF assigned, if it did.
    fn reset(&mut self) -> Result<Option<MacAddress>>;

    /// Takes what the PF had to say since the last call.
    fn news(&mut self) -> Result<News>;

    /// The link as the device shows it, or the PF tells.
    fn link(&mut self) -> LinkState;

    /// Asks the PF for this unicast address.
    fn set_mac(&mut self, mac: MacAddress) -> Result<()>;

    /// Asks the PF for exactly these multicast groups.
    fn set_multicast(&mut self, groups: &[MacAddress]) -> Result<()>;

    /// Asks the PF for exactly these unicast addresses besides the VF's own.
    fn set_unicast(&mut self, addresses: &[MacAddress]) -> Result<()>;

    /// Asks the PF to let a VLAN through, or no more.
    fn set_vlan(&mut self, id: u16, on: bool) -> Result<()>;

    /// Asks the PF for all unicast frames.
    fn set_promiscuous(&mut self, on: bool) -> Result<()>;

    /// Asks the PF for all multicast frames.
    fn set_all_multicast(&mut self, on: bool) -> Result<()>;

    /// Asks the PF to let frames of up to `len` bytes through, FCS counted and VLAN tag not. A PF that
    /// refuses may have stopped the VF's receive, until it is asked for what it grants.
    fn set_max_frame(&mut self, len: u16) -> Result<()>;

    /// The descriptor that the device works on in a receive queue: all before it are used.
    fn rx_head(&self, queue: u16) -> u32;

    /// Register offset of a receive queue's tail.
    fn rx_tail(&self, queue: u16) -> u64;

    /// Register offset of a transmit queue's tail.
    fn tx_tail(&self, queue: u16) -> u64;

    /// Turns a receive queue on, head and tail at 0: it owns no descriptor yet.
    fn start_rx(&mut self, queue: u16, ring: RingPlace, setup: &RxSetup) -> Result<()>;

    /// Turns a receive queue off, and returns when the device has stopped.
    fn stop_rx(&mut self, queue: u16) -> Result<()>;

    /// Turns a transmit queue on, head and tail at 0.
    fn start_tx(&mut self, queue: u16, ring: RingPlace) -> Result<()>;

    /// Turns a transmit queue off, and returns when the device has stopped.
    fn stop_tx(&mut self, queue: u16) -> Result<()>;

    /// Assigns vectors to receive queues, and lets vector 0 signal what [`Vf::news`] tells.
    fn enable_news_interrupt(&mut self);

    /// The interrupt of a receive queue, as [`Vf::enable_news_interrupt`] has assigned it.
    fn rx_interrupt(&self, queue: u16) -> Option<RxInterrupt>;

    /// How received packets are spread over the queues.
    fn rss(&mut self) -> Result<Rss>;

    /// Spreads received packets over the queues this way; the table has as many entries as the device's
    /// and names queues that are in use. Asked for after each reset where VFs can choose.
    fn set_rss(&mut self, rss: &Rss) -> Result<()>;

    /// Reads every register that reading does not change.
    fn registers(&self) -> Vec<RegisterValue>;

    /// Reads the device's counters; `None` when it does not answer, or may have started to count anew
    /// since the last call of [`Vf::reset`] or [`Vf::news`].
    fn stats(&mut self) -> Option<RawStats>;

    /// Requests sent to the PF by mailbox so far.
    fn requests(&self) -> u64;
}
