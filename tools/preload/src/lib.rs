//! The library that gives a program the software adapter's VFs in place of the kernel's.
//!
//! `barline soft exec` starts programs with it (`LD_PRELOAD`) and names their run (`BARLINE_SOFT`). It
//! exports functions of the C library under their own names. Each asks [`softvfio`] whether the call is
//! about the run, and if it is not, which it is not without `BARLINE_SOFT`, calls the real one.
//!
//! # Rules of an export
//! - It is about the program's calls only. What this library calls itself, it calls while the thread is
//!   [inside](softvfio::inside), and that goes to the real functions.
//! - `errno` is what the kernel would leave: that of the answer, or what it was before.
//! - It takes no memory for paths and descriptors that are none of the run's, so that it can be called
//!   where the real one can: in signal handlers, and in children of `fork`.
//! - No panic leaves it: the answer is EIO then, and the panic's message is on standard error.
//!
//! # What it cannot reach
//! System calls that are not made by functions of the C library (static programs, `syscall`, io_uring),
//! and calls within the C library, such as those of `ftw`. `exec*` are left alone: a program that
//! gives its children an environment without the two variables takes them out of the run, as
//! `env -i` is meant to. The kernel drops `LD_PRELOAD` for programs with more rights than their caller
//! has (set-user-ID), and so does `sudo`.

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
compile_error!("the preload library is for Linux on x86-64 and aarch64");

mod adapter;
mod ask;
mod attributes;
mod descriptors;
mod directories;
mod inject;
mod links;
mod lookup;
mod memory;
mod open;
mod pattern;
mod process;
mod real;
mod refusal;
mod signals;
mod status;
mod stream;
mod transfer;
