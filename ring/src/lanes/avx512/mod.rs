//! Sixteen descriptors at a time, four in each register.
#![allow(unsafe_code)]

mod arm;
mod flags;
mod receive;
mod send;

use self::arm::arm;
use self::receive::receive;
pub(crate) use self::receive::receive_four;
use self::send::{send, send_all};
use super::{Arrivals, Departures, Lanes, Moved};
use crate::arena::Iovas;
use crate::frame::Frame;
use crate::frames::Frames;
use crate::slots::Slot;
use crate::{BLOCK, Format};

/// Sixteen descriptors at a time, by AVX-512 F, BW and VL.
pub(crate) struct Avx512;

super::lanes_of_functions!(Avx512);
