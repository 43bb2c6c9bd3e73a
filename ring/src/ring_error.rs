//! Why a ring could not be made, or asked.

use std::fmt;

use crate::Simd;

/// Why a ring could not be made, or asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// The number of descriptors is not a power of two from 64 to 4096.
    Len(usize),
    /// The descriptor memory is too short for them, or not aligned to 128 bytes.
    Memory(usize),
    /// The arena has not enough free buffers to fill the ring.
    NoBuffers {
        /// Buffers that the ring needs.
        needed: usize,
        /// Buffers that were free.
        free: usize,
    },
    /// This CPU has no such instructions.
    Simd(Simd),
    /// No descriptor has that number.
    Offset {
        /// The number.
        offset: usize,
        /// Descriptors in the ring.
        len: usize,
    },
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RingError::Len(n) => {
                write!(f, "a ring of {n} descriptors: it must be a power of two from 64 to 4096")
            }
            RingError::Memory(n) => write!(
                f,
                "{n} bytes of descriptor memory: 16 a descriptor are needed, from a multiple of 128 on"
            ),
            RingError::NoBuffers { needed, free } => write!(
                f,
                "the ring needs {needed} buffers and the arena has {free} free: make the arena larger or the rings shorter"
            ),
            RingError::Simd(simd) => {
                write!(f, "{simd}: this CPU has no more than {}", Simd::best())
            }
            RingError::Offset { offset, len } => {
                write!(f, "descriptor {offset} of a ring of {len}: it must be 0 to {}", len - 1)
            }
        }
    }
}

impl std::error::Error for RingError {}
