//! A receive and a transmit ring of one worker with the model device at their other ends, and what a
//! worker does with a burst. Instructions are counted and cycles are taken of the same.

use barline_ring::{
    Adv82599, FrameBatch, PacketMut, Pool, RxConfig, RxRing, Simd, TxConfig, TxRing,
};

use crate::model::{Ip, Report, Rig, RxDevice, Sum, Traffic, TxDevice};

/// Descriptors in each ring.
const RING: usize = 512;

/// Bytes of a packet, FCS left out: what makes 64 on the wire.
const LEN: usize = 60;

/// Into which VLAN packets are sent.
const VLAN: u16 = 5;

/// Rings, their devices, and the batch that goes over them.
pub struct Lane<'p> {
    rx: RxRing<Adv82599>,
    tx: TxRing<Adv82599>,
    rx_device: RxDevice,
    tx_device: TxDevice,
    batch: FrameBatch<'p>,
    /// Packets in a burst.
    burst: usize,
    datagram: Vec<u8>,
}

/// An arena that is large enough for one [`Lane`].
pub fn rig() -> Rig {
    Rig::new(2048, 2048)
}

/// A pool that is large enough for one [`Lane`].
pub fn pool(rig: &Rig) -> Pool {
    Pool::new(&rig.arena, 1024)
}

impl<'p> Lane<'p> {
    /// A lane that moves descriptors by `simd`, which this CPU has, in bursts of so many packets.
    pub fn new(rig: &Rig, pool: &'p Pool, simd: Simd, burst: usize) -> Lane<'p> {
        let rx = RxConfig { len: RING, max_chain: 8, simd };
        let (rx, rx_device) = rig.rx_with(rx).expect("a receive ring");
        let (tx, tx_device) = rig.tx(TxConfig { len: RING, max_packet: 1514, max_chain: 8, simd });
        let datagram = Traffic {
            tags: Vec::new(),
            ip: Ip::V4(0),
            protocol: 17,
            options: 0,
            payload: 18,
            seed: 1,
        };
        assert_eq!(datagram.len(), LEN);
        let datagram = datagram.bytes();
        Lane { rx, tx, rx_device, tx_device, batch: pool.batch(burst), burst, datagram }
    }

    /// The device receives a burst of packets about which it has nothing to say.
    pub fn arrive(&mut self) {
        self.rx_device.burst(&self.datagram, &Report::good(0, true), self.burst);
    }

    /// The device receives a burst of UDP datagrams, with all that it can say of them.
    pub fn arrive_known(&mut self) {
        let report = Report {
            vlan: Some(VLAN),
            rss: Some((7, 0x1234_5678)),
            types: 0b10_0001,
            ip: Sum::Good,
            l4: Sum::Good,
            ..Report::good(0, true)
        };
        self.rx_device.burst(&self.datagram, &report, self.burst);
    }

    /// The application makes a burst to send; `ask` is told the number of each packet.
    pub fn prepare(&mut self, ask: fn(&mut PacketMut<'_>, usize)) {
        assert_eq!(self.batch.alloc_many(LEN, self.burst), self.burst);
        for (i, mut packet) in self.batch.packets_mut().enumerate() {
            packet.copy_from(&self.datagram);
            ask(&mut packet, i);
        }
    }

    /// Receives a burst.
    #[inline(always)]
    pub fn poll(&mut self) {
        self.rx.poll(&mut self.batch);
    }

    /// Sends a burst.
    #[inline(always)]
    pub fn push(&mut self) {
        self.tx.push(&mut self.batch);
    }

    /// Receives a burst and sends it.
    #[inline(always)]
    pub fn forward(&mut self) {
        self.poll();
        self.push();
    }

    /// Receives a burst, has the device insert checksums and a tag into each packet, and sends it.
    #[inline(always)]
    pub fn forward_offload(&mut self) {
        self.poll();
        for mut packet in self.batch.packets_mut() {
            let asked = packet.request_checksums();
            debug_assert!(asked.is_ok());
            packet.head().set_vlan(Some(VLAN));
        }
        self.push();
    }

    /// Frees what was received, which was the whole burst.
    pub fn free(&mut self) {
        assert_eq!(self.batch.len(), self.burst);
        self.batch.clear();
    }

    /// The device sends what was pushed, which was the whole burst.
    pub fn depart(&mut self) {
        assert!(self.batch.is_empty());
        self.tx_device.swallow();
    }
}
