//! Rings of a format that the input chooses, by every way of moving descriptors.

use arbitrary::Arbitrary;
use barline_ring::{Adv82576, Adv82599, AdvI350, AdvX540, Layout, Simd};

use crate::model::{Model, Rig};

/// A descriptor format.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Formats {
    /// [`Adv82576`].
    I82576,
    /// [`AdvI350`].
    I350,
    /// [`Adv82599`].
    I82599,
    /// [`AdvX540`].
    X540,
}

/// Something that is done on rings of any format.
pub trait OnRings {
    /// Does it on rings of this one.
    fn run<F: Model>(&self);
}

impl Formats {
    /// Does something on rings of this format.
    pub fn run(self, work: &impl OnRings) {
        match self {
            Formats::I82576 => work.run::<Adv82576>(),
            Formats::I350 => work.run::<AdvI350>(),
            Formats::I82599 => work.run::<Adv82599>(),
            Formats::X540 => work.run::<AdvX540>(),
        }
    }
}

/// A rig for each way in which this CPU can move descriptors, the plain one first.
pub fn rigs(buffers: usize, layout: Layout) -> Vec<Rig> {
    let rig = |simd| {
        let mut rig = Rig::with_layout(buffers, layout);
        rig.simd = simd;
        rig
    };
    Simd::available().map(rig).collect()
}
