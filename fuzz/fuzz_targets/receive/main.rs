//! The receive ring: packets, truths, lies and garbage in its descriptors, in any order with what a
//! worker does. Every way of moving descriptors that this CPU has gets the same, and all must agree.
//!
//! As long as the device only lies about packets, the oracle of ring's property tests says what has to
//! come out. Where it overwrites descriptors at will, nobody can; what holds then is that packets are
//! within their bounds, and that every buffer has one owner.
#![no_main]

mod case;
mod side;

use barline_fuzz::model::{Model, Rig};
use barline_fuzz::{OnRings, rigs};
use barline_ring::Pool;
use libfuzzer_sys::fuzz_target;

use case::Case;
use side::Side;

impl OnRings for Case {
    fn run<F: Model>(&self) {
        let buffers = self.len - 32 + self.spare;
        let rigs = rigs(buffers, self.layout);
        let pools: Vec<_> = rigs.iter().map(|rig| Pool::new(&rig.arena, self.limit)).collect();
        let sides = rigs.iter().zip(&pools).map(|(rig, pool)| Side::<F>::new(self, rig, pool));
        let mut sides: Vec<_> = sides.collect();
        for op in &self.ops {
            sides.iter_mut().for_each(|side| side.apply(self, op));
            let (plain, others) = sides.split_first().expect("every CPU has the plain one");
            others.iter().for_each(|other| plain.agree(other, op));
        }
        sides.into_iter().for_each(|side| side.finish(self));
        drop(pools);
        rigs.iter().for_each(Rig::check_all_home);
    }
}

fuzz_target!(|case: Case| case.format.run(&case));
