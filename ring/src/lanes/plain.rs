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
        let Arrivals { descriptors, shadow, next, most, headroom, data_room, believed } = arrivals;
        let mut moved = Moved::default();
        for position in (0..most.min(frames.room())).map(|i| next.wrapping_add(i as u32)) {
            let second = descriptors.status(position);
            if !F::rx_done(second) {
                break;
            }
            let done = F::rx_parse(descriptors.first(position), second & believed);
            let fits = done.len != 0 && done.len <= data_room;
            if !fits || !done.end || done.error {
                break;
            }
            let index = shadow[descriptors.slot(position)];
            frames.push(Frame::received(index, headroom, &done));
            moved.bytes += u64::from(done.len);
            moved.frames += 1;
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
        for (i, &index) in block.iter().enumerate() {
            let iova = iovas.of(index, headroom);
            let [first, second] = F::RX_ARM;
            descriptors.store(position.wrapping_add(i as u32), [first | iova, second]);
        }
    }

    #[inline]
    unsafe fn send<F: Format>(departures: &mut Departures<'_>, frames: &[Frame]) -> Moved {
        let Departures { descriptors, ref mut shadow, ref mut next, .. } = *departures;
        let Departures { iovas, max_packet, mask, wanted, common, .. } = *departures;
        let mut moved = Moved::default();
        for frame in frames {
            let fits = (MIN_PACKET..=max_packet).contains(&frame.len);
            if frame.about() & mask != wanted || !fits {
                break;
            }
            let len = frame.len.into();
            let second = common | F::tx_lengths(len, len);
            descriptors.store(*next, [iovas.of(frame.index, frame.offset), second]);
            shadow[descriptors.slot(*next)] = frame.index;
            *next = next.wrapping_add(1);
            moved.bytes += u64::from(frame.len);
            moved.frames += 1;
        }
        moved
    }
}
