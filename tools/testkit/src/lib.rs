//! What the tests of several packages have in common.
//!
//! It knows none of them, so that softnic's tests and the driver's can both use it.

mod child;
mod footprint;
mod hugepages;
mod wait;

pub use child::in_child;
pub use footprint::{Footprint, threads};
pub use hugepages::Hugepages;
pub use wait::{LONG, until};
