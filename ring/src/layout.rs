//! How an arena's memory is cut into buffers.

use std::fmt;

use crate::CACHE_LINE;

/// How an arena's memory is cut into buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes that a device may fill in each buffer: a multiple of 1024, from 1024 to 16384, since
    /// Intel's SRRCTL counts buffer sizes in KiB.
    pub data_room: usize,
    /// Bytes before the data, free for headers that the application prepends: an even number up to
    /// 1024. In an odd address Intel's devices take the lowest bit for "no snoop".
    pub headroom: usize,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { data_room: 2048, headroom: 128 }
    }
}

impl Layout {
    /// Bytes from one buffer to the next: headroom and data room, rounded up to an odd number of
    /// cache lines, so that the headers of consecutive buffers spread over all sets of a cache.
    pub fn stride(&self) -> usize {
        ((self.headroom + self.data_room).div_ceil(CACHE_LINE) | 1) * CACHE_LINE
    }

    /// Bytes of memory that `buffers` buffers take, on pages of `page` bytes from the start of one on:
    /// see [`Arena::on_pages`](crate::Arena::on_pages).
    pub fn bytes(&self, buffers: usize, page: usize) -> usize {
        let stride = self.stride();
        match page / stride {
            0 => buffers * stride,
            each => match (buffers / each, buffers % each) {
                (pages, 0) => pages * page,
                (pages, rest) => pages * page + rest * stride + page % stride,
            },
        }
    }

    /// Checks that the values are in range.
    ///
    /// # Errors
    /// The one that is not.
    pub fn check(&self) -> Result<(), ArenaError> {
        let Layout { data_room, headroom } = *self;
        if !data_room.is_multiple_of(1024) || !(1024..=16384).contains(&data_room) {
            return Err(ArenaError::DataRoom(data_room));
        }
        if headroom > 1024 || headroom % 2 != 0 {
            return Err(ArenaError::Headroom(headroom));
        }
        Ok(())
    }
}

/// Why memory could not become an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArenaError {
    /// The data room is not a multiple of 1024 from 1024 to 16384.
    DataRoom(usize),
    /// The headroom is odd or over 1024.
    Headroom(usize),
    /// The memory holds fewer than 32 buffers or 2^31 and more, or does not start on a cache line, in
    /// the process or for devices.
    Memory(usize),
}

impl fmt::Display for ArenaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArenaError::DataRoom(n) => {
                write!(f, "data room {n}: it must be a multiple of 1024 from 1024 to 16384")
            }
            ArenaError::Headroom(n) => {
                write!(f, "headroom {n}: it must be an even number from 0 to 1024")
            }
            ArenaError::Memory(n) => write!(
                f,
                "{n} bytes of memory: an arena needs at least 32 and less than 2^31 buffers, from a multiple of 64 on in the addresses of the process and of devices"
            ),
        }
    }
}

impl std::error::Error for ArenaError {}

/// The buffers' numbers, ascending: where each starts, in cache lines from the memory's start.
pub(crate) fn place(base: usize, len: usize, stride: usize, page: usize) -> Vec<u32> {
    let mut starts = Vec::with_capacity(len / stride);
    let (mut at, mut pages) = (0, 0);
    // Buffers that are alone on a page do not all start at its first line, which would be the same
    // set of a cache for each.
    let colours = if page >= stride { page % stride / CACHE_LINE + 1 } else { 1 };
    while at + stride <= len {
        let left = page - (base + at) % page;
        if left >= stride || page < stride {
            starts.push((at / CACHE_LINE) as u32);
            at += stride;
        } else {
            pages += 1;
            at += left + pages % colours * CACHE_LINE;
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_do_not_cross_pages_and_do_not_overlap() {
        for data_room in [1024, 2048, 3072, 8192, 16384] {
            let layout = Layout { data_room, headroom: 128 };
            let stride = layout.stride();
            for page in [4096, 16384, 2 << 20, 1 << 30] {
                for count in [1, 31, 500, 5000] {
                    // From a page on, and from the middle of one.
                    let starts = place(1 << 40, layout.bytes(count, page), stride, page);
                    assert!(
                        starts.len() >= count,
                        "{} of {count}: {layout:?} {page}",
                        starts.len()
                    );
                    let offset = 17 * CACHE_LINE;
                    let inner = place((1 << 40) + offset, layout.bytes(count, page), stride, page);
                    for (base, starts) in [(0, &starts), (offset, &inner)] {
                        let places = starts.iter().map(|&start| base + start as usize * CACHE_LINE);
                        let mut end = 0;
                        for at in places {
                            assert!(at >= end, "overlap at {at}");
                            end = at + stride;
                            let crosses = at / page != (end - 1) / page;
                            assert!(!crosses || page < stride, "{at} crosses a page of {page}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn buffers_alone_on_their_pages_start_on_different_lines() {
        let layout = Layout::default();
        let starts = place(0, 4096 * 64, layout.stride(), 4096);
        assert!(starts.len() >= 60, "{} buffers on 64 pages", starts.len());
        let lines: std::collections::BTreeSet<_> = starts.iter().map(|start| start % 64).collect();
        assert!(lines.len() > 20, "only {} different lines", lines.len());
    }
}
