//! How descriptors are moved: the same work, by the instructions of each [`Simd`](crate::Simd).
//!
//! What is common to all of them, and what rarely happens, is in the rings. Here are the loops that
//! nearly every frame goes through.

/// Makes [`Lanes`] of the functions `receive`, `arm`, `send` and `send_all` beside it, which are compiled for
/// instructions that not every CPU has: functions of a trait cannot be.
#[cfg(target_arch = "x86_64")]
macro_rules! lanes_of_functions {
    ($name:ident) => {
        // SAFETY: callers see to it that the CPU has the instructions.
        unsafe impl Lanes for $name {
            #[inline(always)]
            unsafe fn receive<F: Format>(arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
                // SAFETY: promised by the caller.
                unsafe { receive::<F>(arrivals, frames) }
            }

            #[inline(always)]
            unsafe fn arm<F: Format>(
                slots: &[Slot; BLOCK],
                block: &[u32; BLOCK],
                iovas: Iovas,
                headroom: u16,
            ) {
                // SAFETY: promised by the caller.
                unsafe { arm::<F>(slots, block, iovas, headroom) }
            }

            #[inline(always)]
            unsafe fn send<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Moved {
                // SAFETY: promised by the caller.
                unsafe { send::<F>(departures, frames) }
            }

            #[inline(always)]
            unsafe fn send_all<F: Format>(
                departures: Departures<'_>,
                frames: &[Frame],
            ) -> Option<u64> {
                // SAFETY: promised by the caller.
                unsafe { send_all::<F>(departures, frames) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
use lanes_of_functions;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;
#[cfg(test)]
mod tests;
mod tx_terms;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::{Avx512, receive_four};
pub(crate) use plain::Plain;
pub(crate) use tx_terms::TxTerms;

use std::ops::AddAssign;

use crate::arena::Iovas;
use crate::frame::Frame;
use crate::frames::Frames;
use crate::slots::{Descriptors, Slot};
use crate::{BLOCK, Format, Layout};

/// Completed descriptors of a receive ring, maybe, and what frames are made of besides.
#[derive(Clone, Copy)]
pub(crate) struct Arrivals<'r> {
    pub(crate) descriptors: Descriptors<'r>,
    /// The buffers of all descriptors.
    pub(crate) shadow: &'r [u32],
    /// The position of the first, free-running.
    pub(crate) next: u32,
    /// How many may be looked at from there on: those that are armed.
    pub(crate) most: usize,
    pub(crate) terms: &'r RxTerms,
}

/// What holds for all completions of a receive ring, as registers take it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct RxTerms {
    /// A frame's two words, but for what the completion says: where in the buffer the device writes.
    place: [u64; 2],
    /// Bits of the second word that are believed.
    pub(crate) believed: u64,
    /// Bytes that a buffer takes, 16384 at most.
    pub(crate) data_room: u32,
}

impl RxTerms {
    /// For buffers of this layout.
    pub(crate) fn new(layout: Layout, believed: u64) -> RxTerms {
        let Layout { headroom, data_room } = layout;
        RxTerms { place: [(headroom as u64) << 32, 0], believed, data_room: data_room as u32 }
    }

    /// Where in a buffer the device writes.
    #[inline]
    pub(crate) fn headroom(&self) -> u16 {
        (self.place[0] >> 32) as u16
    }
}

/// Free descriptors of a transmit ring, and what is written to them besides frames.
pub(crate) struct Departures<'r> {
    pub(crate) descriptors: Descriptors<'r>,
    /// The buffers of all descriptors.
    pub(crate) shadow: &'r mut [u32],
    /// The position of the first, free-running.
    pub(crate) next: u32,
    pub(crate) terms: &'r TxTerms,
}

/// Frames that were moved, from the first on, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) frames: usize,
    pub(crate) bytes: u64,
}

impl AddAssign for Moved {
    fn add_assign(&mut self, more: Moved) {
        self.frames += more.frames;
        self.bytes += more.bytes;
    }
}

/// One way of moving descriptors.
///
/// # Safety
/// Its functions may only be called where the CPU has the instructions.
#[allow(unsafe_code)]
pub(crate) unsafe trait Lanes {
    /// Appends frames of good packets of one buffer with tags in the usual byte order, as most are, up to
    /// the first descriptor that is anything else, or for as many as there is room.
    ///
    /// # Safety
    /// The CPU has the instructions; `shadow` is as long as the ring; the descriptors from `next` on are
    /// armed, `most` of them.
    unsafe fn receive<F: Format>(arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved;

    /// Arms these descriptors with these buffers, from byte `headroom` of each on.
    ///
    /// # Safety
    /// The CPU has the instructions.
    unsafe fn arm<F: Format>(
        slots: &[Slot; BLOCK],
        block: &[u32; BLOCK],
        iovas: Iovas,
        headroom: u16,
    );

    /// Writes descriptors for packets of one frame that all ask for the same, or for nothing, up to the
    /// first that does not or cannot be sent. None of them reports. What it writes to the descriptors
    /// of frames behind that one is nothing yet: the device is not told of them.
    ///
    /// # Safety
    /// The CPU has the instructions; `shadow` is as long as the ring; the descriptors from `next` on are
    /// free, one for each frame.
    unsafe fn send<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Moved;

    /// Writes descriptors for all these packets, if there is nothing in the way: then as [`Lanes::send`],
    /// and returns their bytes. `None` if there is, or may be: [`Lanes::send`] knows.
    ///
    /// # Safety
    /// As for [`Lanes::send`].
    #[inline(always)]
    unsafe fn send_all<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Option<u64> {
        // SAFETY: promised by the caller.
        let moved = unsafe { Self::send::<F>(departures, frames) };
        (moved.frames == frames.len()).then_some(moved.bytes)
    }
}
