//! One way of moving descriptors.

use barline_fuzz::model::{Model, Owner, Rig, RxDevice};
use barline_fuzz::oracle::{Oracle, compare};
use barline_fuzz::wire;
use barline_ring::{Flags, FrameBatch, FrameRef, Pool, RxConfig, RxRing};

use crate::case::{Case, Op};

/// One way of moving descriptors, with all that it works on.
pub struct Side<'p, F> {
    rig: &'p Rig,
    pool: &'p Pool,
    rx: RxRing<F>,
    device: RxDevice,
    batches: [FrameBatch<'p>; 2],
    oracle: Option<Oracle>,
    seq: u32,
}

impl<'p, F: Model> Side<'p, F> {
    pub fn new(case: &Case, rig: &'p Rig, pool: &'p Pool) -> Side<'p, F> {
        let config = RxConfig { len: case.len, max_chain: case.max_chain, simd: rig.simd };

        let (rx, device) = rig.rx_with::<F>(config).expect("enough buffers");
        let scribbles = case.ops.iter().any(|op| matches!(op, Op::Scribble(..)));
        Side {
            rig,
            pool,
            rx,
            device,
            batches: case.capacities.map(|capacity| pool.batch(capacity)),
            oracle: (!scribbles).then(|| Oracle::new(case.layout.data_room)),
            seq: 0,
        }
    }

    pub fn apply(&mut self, case: &Case, op: &Op) {
        let room = case.layout.data_room;
        match op {
            Op::Wire(count, packet) => {
                let spec = packet.spec(room);
                // Long ones take long to make.
                let most = if spec.len > 3000 { 3 } else { 24 };
                for _ in 0..count % most + 1 {
                    wire::send(&mut self.device, F::CHIP, self.seq, &spec);
                    self.seq += 1;
                }
                if count & 0xc0 != 0 {
                    self.device.step(usize::MAX);
                }
            }
            Op::Step(max) => {
                self.device.step(max.map_or(usize::MAX, usize::from));
            }
            Op::Clear(which) => self.batches[usize::from(*which)].clear(),
            Op::Poll(which) => self.poll(case, usize::from(*which)),
            Op::Restart => {
                if let Some(oracle) = &mut self.oracle {
                    oracle.restart();
                }
                // It gives back no less than it takes.
                if self.rig.restart_rx(&mut self.rx, &mut self.device).is_err() {
                    self.rx.poll(&mut self.pool.batch(1));
                }
            }
            Op::Strip(strip) => self.rx.set_vlan_strip(*strip),
            Op::Scribble(slot, words) => self.device.scribble((*slot).into(), words.words(room)),
            Op::Look(offset) => {
                let offset = usize::from(*offset);
                assert_eq!(self.rx.descriptor(offset).is_ok(), offset < case.len);
            }
        }
        self.device.fetch();
        if let Some(oracle) = &mut self.oracle {
            oracle.learn(&mut self.device);
        } else {
            self.device.reported.clear();
        }
        self.check(case, matches!(op, Op::Poll(_)));
    }

    fn poll(&mut self, case: &Case, which: usize) {
        let batch = &mut self.batches[which];
        let before = batch.len();
        let most = case.max_chain.min(case.len - 33);
        let expected = self.oracle.as_mut().map(|oracle| {
            oracle.learn(&mut self.device);
            let mut expected = oracle.poll(batch.capacity(), batch.room(), most);
            if !self.rx.vlan_strip() {
                expected.iter_mut().flatten().for_each(|written| written.report.vlan = None);
            }
            expected
        });
        let got = self.rx.poll(batch);
        assert_eq!(batch.len() - before, got);
        if let (Some(oracle), Some(expected)) = (&self.oracle, expected) {
            compare(F::CHIP, batch, before, &expected);
            oracle.check(self.rx.counters());
        }
        for packet in batch.packets() {
            assert!(packet.frame_count() <= most);
            assert!(packet.frames().all(|f| (1..=case.layout.data_room).contains(&f.data().len())));
            assert_eq!(packet.frames().filter(|f| !f.flags().contains(Flags::MORE)).count(), 1);
        }
    }

    /// Every buffer has one owner.
    fn check(&self, case: &Case, polled: bool) {
        let [a, b] = &self.batches;
        if polled {
            self.rig.check_batches(&[a, b]);
        }
        let census = self.rig.arena.census();
        let ring = census.total - census.depot - self.pool.free() - a.len() - b.len();
        let armed = self.rig.ledger.count(Owner::Receive);
        match &self.oracle {
            Some(oracle) => assert_eq!(ring, armed + oracle.held()),
            None => assert!((armed..case.len).contains(&ring)),
        }
    }

    /// What all ways must agree about.
    fn state(&self) -> [u64; 11] {
        let counters = self.rx.counters();
        let [a, b] = &self.batches;
        [
            counters.packets.value(),
            counters.bytes.value(),
            counters.errors.value(),
            counters.bad_length.value(),
            counters.too_long.value(),
            counters.no_buffers.value(),
            self.rx.used() as u64,
            self.rig.ledger.count(Owner::Receive) as u64,
            self.device.tail().into(),
            a.len() as u64,
            b.len() as u64,
        ]
    }

    pub fn agree(&self, other: &Side<'p, F>, op: &Op) {
        assert_eq!(self.state(), other.state());
        let Op::Poll(which) = op else { return };
        let [ours, theirs] = [self, other].map(|side| side.batches[usize::from(*which)].frames());
        for (ours, theirs) in ours.zip(theirs) {
            let told = |frame: FrameRef<'_>| {
                (frame.buffer(), frame.flags(), frame.vlan(), frame.rss_hash())
            };
            assert_eq!(told(ours), told(theirs));
            assert!(ours.data() == theirs.data(), "other bytes");
        }
        assert!(self.device.memory() == other.device.memory(), "other descriptors");
    }

    /// With an application that keeps up everything comes, whatever came before.
    pub fn finish(mut self, case: &Case) {
        let Side { rig, pool, .. } = self;
        self.batches.iter_mut().for_each(FrameBatch::clear);
        self.batches = [pool.batch(case.len), pool.batch(0)];
        if self.oracle.is_some() {
            for _ in 0..2 * (self.device.waiting() + case.len) / 32 + 4 {
                self.device.step(usize::MAX);
                self.poll(case, 0);
                self.batches[0].clear();
            }
        }
        let Side { rx, device, batches, oracle, .. } = self;
        let stuck = oracle.is_none_or(|oracle| oracle.stuck());
        assert!(stuck || device.waiting() == 0, "the ring stands still");
        drop(batches);
        rig.release_rx(rx, device);
    }
}
