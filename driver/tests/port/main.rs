//! Ports on a model VF which does what devices and PFs do on bad days.

#[path = "../fake_vf/mod.rs"]
mod fake_vf;
mod kit;

mod events;
mod faults;
mod fork;
mod frames;
mod gone;
mod ids;
mod info;
mod lifecycle;
mod limits;
mod mac;
mod panics;
mod queues;
mod registers;
mod requests;
mod reset;
mod stalls;
mod stats;
mod stuck;
mod unicast;
mod wait;
mod waiting;
