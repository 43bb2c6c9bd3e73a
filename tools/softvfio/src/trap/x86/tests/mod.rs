//! Instructions on trapped registers, and on ordinary memory for comparison.
#![allow(unsafe_code)]

mod any;
mod device;
mod faults;
mod forms;
mod machine;
mod threads;
mod traced;
