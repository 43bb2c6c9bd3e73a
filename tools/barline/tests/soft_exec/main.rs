//! `barline soft exec`, as what stands between a shell and a program: statuses, signals, terminals, and
//! that nothing is left of a run, however it ends. And what its PF's administrator can do.

mod ends;
mod kit;
mod orders;
mod places;
mod preload;
mod pty;
mod readme;
mod runs;
mod signals;
mod terminal;
mod tree;
