//! Every way of moving descriptors that this CPU has does what is written here one by one, to the last
//! bit, whatever stands in descriptors and frames.
#![allow(unsafe_code)]

mod receive;
mod send;

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::*;
use crate::slots::Slots;
use crate::{DmaSlice, Simd};

/// Descriptors on the heap.
#[derive(Default)]
#[repr(C, align(128))]
struct Line([[AtomicU64; 2]; 8]);

/// The descriptors of a ring: these.
fn slots(words: &[[u64; 2]]) -> Slots {
    let lines: Vec<Line> = (0..words.len() / 8).map(|_| Line::default()).collect();
    let base = NonNull::from_ref(&lines[..]).cast();
    // SAFETY: atomics that live as long as the `Arc` (a move of the vector moves none of them), and that
    // nobody else reaches.
    let memory = unsafe { DmaSlice::new(base, 16 * words.len(), 0, Arc::new(lines)) };
    let slots = Slots::new(memory, words.len()).expect("a ring");
    for (position, &words) in (0..).zip(words) {
        slots.store(position, words);
    }
    slots
}

/// What stands in a ring.
fn contents(slots: &Slots) -> Vec<[u64; 2]> {
    let descriptors = slots.descriptors();
    (0..slots.len()).map(|at| [descriptors.first(at), descriptors.status(at)]).collect()
}

/// Calls a function of [`Lanes`] of a way that this CPU has.
macro_rules! by {
    ($simd:expr, $($call:tt)*) => {
        // SAFETY: the CPU has the instructions; what else is promised, the tests keep.
        unsafe {
            match $simd {
                Simd::Plain => Plain::$($call)*,
                #[cfg(target_arch = "x86_64")]
                Simd::Avx2 => Avx2::$($call)*,
                #[cfg(target_arch = "x86_64")]
                Simd::Avx512 => Avx512::$($call)*,
                #[cfg(not(target_arch = "x86_64"))]
                other => panic!("{other} is not of this CPU"),
            }
        }
    };
}
use by;
