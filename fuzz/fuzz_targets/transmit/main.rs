//! The transmit ring: any packets with any requests, and a device that reports late, early or never and
//! writes garbage over what it has read. Every way of moving descriptors that this CPU has gets the same:
//! all must write the same descriptors, and what they take goes out as it was, in order, with what was
//! asked for.
#![no_main]

mod case;
mod queued;
mod side;

use barline_fuzz::model::{Model, Rig};
use barline_fuzz::{OnRings, rigs};
use barline_ring::Pool;
use libfuzzer_sys::fuzz_target;

use case::Case;
use side::Side;

impl OnRings for Case {
    fn run<F: Model>(&self) {
        let rigs = rigs(self.buffers, self.layout);
        let pools = |rig: &Rig| self.limits.map(|limit| Pool::new(&rig.arena, limit));
        let pools: Vec<_> = rigs.iter().map(pools).collect();
        let sides = rigs.iter().zip(&pools).map(|(rig, pools)| Side::<F>::new(self, rig, pools));
        let mut sides: Vec<_> = sides.collect();
        for op in &self.ops {
            sides.iter_mut().for_each(|side| side.apply(self, op));
            let (plain, others) = sides.split_first().expect("every CPU has the plain one");
            others.iter().for_each(|other| plain.agree(other));
            sides.iter_mut().for_each(|side| side.words.clear());
        }
        sides.into_iter().for_each(Side::finish);
        drop(pools);
        rigs.iter().for_each(Rig::check_all_home);
    }
}

fuzz_target!(|case: Case| case.format.run(&case));
