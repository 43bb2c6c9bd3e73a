//! Rings of every descriptor format there is.
//!
//! The format is chosen once a burst, by a branch that always goes the same way; below it the ring
//! is compiled for its format.
#![allow(unsafe_code)]

use barline_ring::{
    Adv82576, Adv82599, AdvI350, AdvX540, FrameBatch, Pool, RingError, RxConfig,
    RxDescriptorStatus, RxRing, Simd, TxConfig, TxDescriptorStatus, TxRing,
};

use super::seat::Ring;
use super::watch::Watch;
use crate::nic::{DescriptorFormat, REGISTER_BAR, RingPlace, RxSetup, Vf};
use crate::port::config::Config;
use crate::port::device::Device;
use crate::port::event::Direction;
use crate::port::settings::Settings;
use crate::{Error, Result};

/// Frames of one received packet: the largest frame of any device takes 10 buffers of 1 KiB.
const MAX_RX_CHAIN: usize = 16;

/// Bytes of the FCS, which a port's largest frame counts and a buffer does not hold.
const FCS: usize = 4;

/// Bytes of a VLAN tag that the application put into a frame itself.
const TAG: usize = 4;

/// Makes, of the list of formats, the rings of all of them and `for_ring!`, which runs the same code
/// for whichever ring there is. (`$d` is the dollar sign of the macro that it makes.)
macro_rules! formats {
    ($d:tt $($format:ident),+) => {
        #[derive(Debug)]
        pub(super) enum Rx {
            $($format(RxRing<$format>),)+
        }

        #[derive(Debug)]
        pub(super) enum Tx {
            $($format(TxRing<$format>),)+
        }

        macro_rules! for_ring {
            // A new ring of a format.
            ($d kind:ident of $d chosen:expr, $d ring:ident::new($d($d argument:expr),+)) => {
                match $d chosen {
                    $(DescriptorFormat::$format => {
                        $d ring::<$format>::new($d($d argument),+).map($d kind::$format)
                    })+
                }
            };
            ($d kind:ident, $d queue:expr, $d ring:ident => $d body:expr) => {
                match $d queue {
                    $($d kind::$format($d ring) => $d body,)+
                }
            };
        }
    };
}

formats!($ Adv82576, AdvI350, Adv82599, AdvX540);

impl Rx {
    /// A ring for receive queue `number`, not shown to the device.
    pub(super) fn new(device: &Device, vf: &dyn Vf, number: u16, config: &Config) -> Result<Rx> {
        let memory = device.arena.ring_memory(config.rx_ring)?;
        let tail = device.transport.clone().doorbell(REGISTER_BAR, vf.rx_tail(number))?;
        let arena = device.arena.buffers();
        let rx = RxConfig { len: config.rx_ring, max_chain: MAX_RX_CHAIN, simd: config.simd() };
        let ring = for_ring!(Rx of vf.format(), RxRing::new(memory, tail, arena, rx));
        ring.map_err(|error| no_ring("rx_ring", config.rx_ring, error))
    }

    pub(super) fn used(&self) -> usize {
        for_ring!(Rx, self, ring => ring.used())
    }

    pub(super) fn descriptor(&self, offset: usize) -> Result<RxDescriptorStatus> {
        for_ring!(Rx, self, ring => ring.descriptor(offset))
            .map_err(|error| no_descriptor(offset, error))
    }

    pub(super) fn simd(&self) -> Simd {
        for_ring!(Rx, self, ring => ring.simd())
    }

    pub(super) fn is_ready(&self) -> bool {
        for_ring!(Rx, self, ring => ring.is_ready())
    }

    #[inline]
    pub(super) fn poll(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        for_ring!(Rx, self, ring => ring.poll(batch))
    }
}

impl Ring for Rx {
    const DIRECTION: Direction = Direction::Rx;

    fn watch(&self) -> Box<dyn Watch> {
        for_ring!(Rx, self, ring => Box::new(ring.watch()))
    }

    fn turn_on(&self, vf: &mut dyn Vf, number: u16, settings: &Settings) -> Result<()> {
        let ((iova, len), arena) = for_ring!(Rx, self, ring => (ring.descriptors(), ring.arena()));
        let setup =
            RxSetup { data_room: arena.layout().data_room, vlan_strip: settings.vlan_strip };
        vf.start_rx(number, RingPlace { iova, len }, &setup)
    }

    fn turn_off(vf: &mut dyn Vf, number: u16) -> Result<()> {
        vf.stop_rx(number)
    }

    fn publish(&self) {
        for_ring!(Rx, self, ring => ring.publish());
    }

    /// Whether the tags of packets are among their bytes is not told with each.
    fn suits(&self, settings: &Settings) -> bool {
        for_ring!(Rx, self, ring => ring.vlan_strip()) == settings.vlan_strip
    }

    fn adopt(&mut self, settings: &Settings) {
        for_ring!(Rx, self, ring => ring.set_vlan_strip(settings.vlan_strip));
    }

    unsafe fn restart(&mut self) -> Result<()> {
        let (_, len) = for_ring!(Rx, self, ring => ring.descriptors());
        // SAFETY: promised by the caller.
        for_ring!(Rx, self, ring => unsafe { ring.restart() })
            .map_err(|error| no_ring("rx_ring", len / barline_ring::DESCRIPTOR_LEN, error))
    }

    unsafe fn release(self) {
        // SAFETY: promised by the caller.
        for_ring!(Rx, self, ring => unsafe { ring.release() });
    }
}

impl Tx {
    /// A ring for transmit queue `number`, not shown to the device.
    pub(super) fn new(
        device: &Device,
        vf: &dyn Vf,
        number: u16,
        config: &Config,
        settings: &Settings,
    ) -> Result<Tx> {
        let memory = device.arena.ring_memory(config.tx_ring)?;
        let tail = device.transport.clone().doorbell(REGISTER_BAR, vf.tx_tail(number))?;
        let arena = device.arena.buffers();
        let tx = TxConfig {
            len: config.tx_ring,
            max_packet: max_packet(settings),
            max_chain: vf.limits().max_tx_chain,
            simd: config.simd(),
        };
        let ring = for_ring!(Tx of vf.format(), TxRing::new(memory, tail, arena, tx));
        ring.map_err(|error| no_ring("tx_ring", config.tx_ring, error))
    }

    pub(super) fn pending(&self) -> usize {
        for_ring!(Tx, self, ring => ring.pending())
    }

    pub(super) fn descriptor(&self, offset: usize) -> Result<TxDescriptorStatus> {
        for_ring!(Tx, self, ring => ring.descriptor(offset))
            .map_err(|error| no_descriptor(offset, error))
    }

    pub(super) fn simd(&self) -> Simd {
        for_ring!(Tx, self, ring => ring.simd())
    }

    /// Packets whose fate is unknown.
    pub(super) fn lost(&self) -> u64 {
        for_ring!(Tx, self, ring => ring.counters().lost.value())
    }

    #[inline]
    pub(super) fn push(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        for_ring!(Tx, self, ring => ring.push(batch))
    }

    #[inline]
    pub(super) fn reap(&mut self, pool: &Pool) -> u64 {
        for_ring!(Tx, self, ring => ring.reap(pool))
    }
}

impl Ring for Tx {
    const DIRECTION: Direction = Direction::Tx;

    fn watch(&self) -> Box<dyn Watch> {
        for_ring!(Tx, self, ring => Box::new(ring.watch()))
    }

    fn turn_on(&self, vf: &mut dyn Vf, number: u16, _settings: &Settings) -> Result<()> {
        let (iova, len) = for_ring!(Tx, self, ring => ring.descriptors());
        vf.start_tx(number, RingPlace { iova, len })
    }

    fn turn_off(vf: &mut dyn Vf, number: u16) -> Result<()> {
        vf.stop_tx(number)
    }

    /// The device learns of descriptors with the first packet.
    fn publish(&self) {}

    fn suits(&self, _settings: &Settings) -> bool {
        true
    }

    fn adopt(&mut self, settings: &Settings) {
        for_ring!(Tx, self, ring => ring.set_max_packet(max_packet(settings)));
    }

    unsafe fn restart(&mut self) -> Result<()> {
        // SAFETY: promised by the caller.
        for_ring!(Tx, self, ring => unsafe { ring.restart() });
        Ok(())
    }

    unsafe fn release(self) {
        // SAFETY: promised by the caller.
        for_ring!(Tx, self, ring => unsafe { ring.release() });
    }
}

/// The longest packet, in a buffer's bytes, for a port's largest frame.
fn max_packet(settings: &Settings) -> usize {
    usize::from(settings.max_frame) - FCS + TAG
}

fn no_descriptor(offset: usize, error: RingError) -> Error {
    Error::Config {
        key: "descriptor offset",
        value: offset.to_string(),
        allowed: error.to_string(),
    }
}

fn no_ring(key: &'static str, len: usize, error: RingError) -> Error {
    Error::Config { key, value: len.to_string(), allowed: error.to_string() }
}
