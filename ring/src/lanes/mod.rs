//! How descriptors are moved: the same work, by the instructions of each [`Simd`](crate::Simd).
//!
//! What is common to all of them, and what rarely happens, is in the rings. Here are the loops that
//! nearly every frame goes through.

/// Makes [`Lanes`] of the functions `receive`, `arm` and `send` beside it, which are compiled for
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
                descriptors: Descriptors<'_>,
                position: u32,
                block: &[u32; BLOCK],
                iovas: Iovas,
                headroom: u16,
            ) {
                // SAFETY: promised by the caller.
                unsafe { arm::<F>(descriptors, position, block, iovas, headroom) }
            }

            #[inline(always)]
            unsafe fn send<F: Format>(departures: &mut Departures<'_>, frames: &[Frame]) -> Moved {
                // SAFETY: promised by the caller.
                unsafe { send::<F>(departures, frames) }
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

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use plain::Plain;

use std::ops::AddAssign;

use crate::arena::Iovas;
use crate::frame::Frame;
use crate::frames::Frames;
use crate::slots::Descriptors;
use crate::{BLOCK, Format};

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
    pub(crate) headroom: u16,
    /// Bytes that a buffer takes, 16384 at most.
    pub(crate) data_room: u16,
    /// Bits of the second word that are believed.
    pub(crate) believed: u64,
}

/// Free descriptors of a transmit ring, and what is written to them besides frames.
pub(crate) struct Departures<'r> {
    pub(crate) descriptors: Descriptors<'r>,
    /// The buffers of all descriptors.
    pub(crate) shadow: &'r mut [u32],
    /// The position of the first, free-running.
    pub(crate) next: u32,
    pub(crate) iovas: Iovas,
    /// Longest packet that may be sent, in bytes.
    pub(crate) max_packet: u16,
    /// What a frame has to say of itself ([`Frame::about`]) to be sent like this: these bits are
    /// `wanted`.
    pub(crate) mask: u64,
    pub(crate) wanted: u64,
    /// What the second words of the descriptors have in common: all but the lengths.
    pub(crate) common: u64,
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

    /// Arms the 32 descriptors from `position` on with these buffers, from byte `headroom` of each on.
    ///
    /// # Safety
    /// The CPU has the instructions; `position` is a multiple of 32, so that the ring does not end among
    /// them.
    unsafe fn arm<F: Format>(
        descriptors: Descriptors<'_>,
        position: u32,
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
    unsafe fn send<F: Format>(departures: &mut Departures<'_>, frames: &[Frame]) -> Moved;
}
