//! One descriptor at a time.
#![allow(unsafe_code)]

use super::{Arrivals, Departures, Lanes, Moved, RxTerms};
use crate::arena::Iovas;
use crate::frame::Frame;
use crate::frames::Frames;
use crate::slots::Slot;
use crate::{BLOCK, Format};

/// One descriptor at a time, by what every CPU has.
pub(crate) struct Plain;

// SAFETY: there is nothing that a CPU may lack.
unsafe impl Lanes for Plain {
    #[inline]
    unsafe fn receive<F: Format>(arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
        let mut all = Moved::default();
        let most = arrivals.most.min(frames.room());
        // Once up to the ring's end, and once from its start on.
        while all.frames < most {
            let next = arrivals.next.wrapping_add(all.frames as u32);
            let run = arrivals.descriptors.run(next, most - all.frames);
            let buffers = &arrivals.shadow[arrivals.descriptors.slot(next)..];
            let moved = receive::<F>(arrivals.terms, run, buffers, frames.spare());
            // SAFETY: they were written, and `most` is not more than there is room for.
            unsafe { frames.added(moved.frames) }
            all += moved;
            if moved.frames < run.len() {
                break;
            }
        }
        all
    }

    #[inline]
    unsafe fn arm<F: Format>(
        slots: &[Slot; BLOCK],
        block: &[u32; BLOCK],
        iovas: Iovas,
        headroom: u16,
    ) {
        let [first, second] = F::RX_ARM;
        for (slot, &index) in slots.iter().zip(block) {
            slot.store([first | iovas.of(index, headroom), second]);
        }
    }

    #[inline(always)]
    unsafe fn send<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Moved {
        let Departures { descriptors, shadow, next, terms } = departures;
        let iovas = terms.iovas();
        let mut moved = Moved::default();
        // Once up to the ring's end, and once from its start on.
        while moved.frames < frames.len() {
            let frames = &frames[moved.frames..];
            let next = next.wrapping_add(moved.frames as u32);
            let run = descriptors.run(next, frames.len());
            let buffers = &mut shadow[descriptors.slot(next)..];
            let mut count = 0;
            for ((slot, buffer), frame) in run.iter().zip(buffers).zip(frames) {
                if !terms.allow(frame) {
                    break;
                }
                slot.store([iovas.of(frame.index, frame.offset), terms.second::<F>(frame)]);
                *buffer = frame.index;
                moved.bytes += u64::from(frame.len);
                count += 1;
            }
            moved.frames += count;
            if count < run.len() {
                break;
            }
        }
        moved
    }
}

/// As [`Lanes::receive`], for these descriptors. A function of its own, so that the loop has all
/// registers.
#[inline(never)]
fn receive<F: Format>(
    terms: &RxTerms,
    run: &[Slot],
    buffers: &[u32],
    frames: &mut [[u64; 2]],
) -> Moved {
    let bits = const { F::RX_BITS };
    let good = u64::from(bits.done | bits.end);
    let care = good | u64::from(bits.error | bits.swapped_tag);
    let RxTerms { place: [place, _], believed, data_room } = *terms;
    let mut moved = Moved::default();
    for ((slot, &buffer), frame) in run.iter().zip(buffers).zip(frames) {
        let second = slot.status();
        let len = (second >> 32) as u16;
        // Of 0, one less is more than any room.
        if second & care != good || u32::from(len).wrapping_sub(1) >= data_room {
            break;
        }
        let first = slot.first();
        let flags = F::rx_flags(first, second & believed);
        // In a descriptor and a frame, length and tag are neighbours, and the hash is on top.
        let about = second >> 48 | u64::from(flags) | first >> 32 << 32;
        *frame = [u64::from(buffer) | place | u64::from(len) << 48, about];
        moved.bytes += u64::from(len);
        moved.frames += 1;
    }
    moved
}
