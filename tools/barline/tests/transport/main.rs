//! The driver's own way into the kernel, `barline::vfio`, judged without a kernel: unchanged, by the
//! addresses of its devices, under the preload library. Each test runs as a program of a run of its own.

mod census;
mod command;
mod errors;
mod events;
mod inside;
mod log;
mod node;
mod soft;
mod traffic;
