//! What the adapter can be plugged into, each on a wire of a test's own.

mod generator;
mod pcap;
mod simple;
mod tap;
mod wire;

use softnic::Spec;
use softnic::uplink::{self, Uplink, UplinkError};

/// The uplink of a device string.
fn uplink(options: &str) -> Box<dyn Uplink> {
    open(options).unwrap_or_else(|error| panic!("{options}: {error}"))
}

fn open(options: &str) -> Result<Box<dyn Uplink>, UplinkError> {
    let spec = Spec::parse(options).unwrap_or_else(|error| panic!("{error}"));
    uplink::open(&spec.uplink, 0)
}
