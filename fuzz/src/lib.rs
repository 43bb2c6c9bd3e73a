//! What the fuzz targets have in common: the models and oracles of the crates' own tests, and programs
//! made of whatever bytes libFuzzer comes up with.

// They are written for tests, which each want another part of them.
#[allow(dead_code, missing_docs)]
#[path = "../../driver/tests/fake_vf/mod.rs"]
pub mod fake_vf;
#[allow(missing_docs, clippy::new_without_default)]
#[path = "../../driver/tests/fixtures/mod.rs"]
pub mod fixtures;
#[allow(missing_docs, clippy::len_without_is_empty)]
#[path = "../../ring/tests/model/mod.rs"]
pub mod model;
#[allow(dead_code, missing_docs)]
#[path = "../../ring/tests/properties/oracle.rs"]
pub mod oracle;
#[allow(dead_code, missing_docs)]
#[path = "../../tools/softnic/tests/uplink/wire.rs"]
pub mod uplink;
#[allow(dead_code, missing_docs)]
#[path = "../../ring/tests/properties/wire.rs"]
pub mod wire;

#[allow(dead_code, missing_docs, clippy::len_without_is_empty)]
pub mod datapath;

mod liar;
mod program;
mod rings;
mod traffic;

pub use liar::{Liar, Lie};
pub use program::{program, range, text};
pub use rings::{Formats, OnRings, rigs};
pub use traffic::traffic;
