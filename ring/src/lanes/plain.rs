//! One descriptor at a time.
#![allow(unsafe_code)]

use super::{Arrivals, Departures, Lanes, Moved};
use crate::arena::Iovas;
use crate::frame::Frame;
use crate::frames::Frames;
use crate::slots::Descriptors;
use crate::tx::MIN_PACKET;
use crate::{BLOCK, Format};

/// One descriptor at a time, by what every CPU has.
pub(crate) struct Plain;

// SAFETY: there is nothing that a CPU may lack.
unsafe impl Lanes for Plain {
    #[inline]
    unsafe fn receive<F: Format>(arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
        let Arrivals { descriptors, shadow, most, headroom, data_room, believed, .. } = arrivals;
        let bits = const { F::RX_BITS };
        let good = u64::from(bits.done | bits.end);
        let care = good | u64::from(bits.error | bits.swapped_tag);
        let place = u64::from(headroom) << 32;
        let mut moved = Moved::default();
        let mut most = most.min(frames.room());
        // Once up to the ring's end, and once from its start on.
        while most > 0 {
            let next = arrivals.next.wrapping_add(moved.frames as u32);
            let run = descriptors.run(next, most);
            let buffers = &shadow[descriptors.slot(next)..];
            let mut count = 0;
            for ((slot, &buffer), frame) in run.iter().zip(buffers).zip(frames.spare()) {
                let second = slot.status();
                let len = (second >> 32) as u16;
                // Of 0, one less is more than any room.
                if second & care != good || len.wrapping_sub(1) >= data_room {
                    break;
                }
                let first = slot.first();
                let flags = F::rx_parse(first, second & believed).flags;
                // In a descriptor and a frame, length and tag are neighbours, and the hash is on top.
                let about = second >> 48 | u64::from(flags.0) << 16 | first >> 32 << 32;
                let place = u64::from(buffer) | place | second >> 32 << 48;
                *frame = Frame::from_words(place, about);
                moved.bytes += u64::from(len);
                count += 1;
            }
            // SAFETY: they were written, and `most` is not more than there is room for.
            unsafe { frames.added(count) }
            moved.frames += count;
            most -= count;
            if count < run.len() {
                break;
            }
        }
        moved
    }

    #[inline]
    unsafe fn arm<F: Format>(
        descriptors: Descriptors<'_>,
        position: u32,
        block: &[u32; BLOCK],
        iovas: Iovas,
        headroom: u16,
    ) {
        let [first, second] = F::RX_ARM;
        for (slot, &index) in descriptors.run(position, BLOCK).iter().zip(block) {
            slot.store([first | iovas.of(index, headroom), second]);
        }
    }

    #[inline(always)]
    unsafe fn send<F: Format>(departures: &mut Departures<'_>, frames: &[Frame]) -> Moved {
        let Departures { iovas, max_packet, mask, wanted, common, .. } = *departures;
        let mut moved = Moved::default();
        // Once up to the ring's end, and once from its start on.
        while moved.frames < frames.len() {
            let frames = &frames[moved.frames..];
            let run = departures.descriptors.run(departures.next, frames.len());
            let buffers = &mut departures.shadow[departures.descriptors.slot(departures.next)..];
            let mut count = 0;
            for ((slot, buffer), frame) in run.iter().zip(buffers).zip(frames) {
                let fits = (MIN_PACKET..=max_packet).contains(&frame.len);
                if frame.about() & mask != wanted || !fits {
                    break;
                }
                let len = frame.len.into();
                let second = common | F::tx_lengths(len, len);
                slot.store([iovas.of(frame.index, frame.offset), second]);
                *buffer = frame.index;
                moved.bytes += u64::from(len);
                count += 1;
            }
            moved.frames += count;
            departures.next = departures.next.wrapping_add(count as u32);
            if count < run.len() {
                break;
            }
        }
        moved
    }
}
