//! An adapter at work: made of a device string, moved by its thread or by the test, shared by processes.

mod administrator;
mod driver;
mod fork;
mod options;
#[path = "../common/other.rs"]
mod other;
mod processes;
mod thread;
mod wire;
