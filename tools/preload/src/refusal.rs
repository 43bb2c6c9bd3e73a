//! Telling, once for each, what is refused because a run does not have it.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

/// How many different refusals are told.
const TOLD: usize = 64;

static SEEN: [AtomicU64; TOLD] = [const { AtomicU64::new(0) }; TOLD];

/// Writes a line on standard error, if it has not been written yet.
pub(crate) fn once(parts: &[&[u8]]) {
    if is_new(parts) {
        let mut line = [0; 512];
        let mut len = 0;
        for part in parts {
            // What does not fit is left out, but for the end of the line.
            let room = part.len().min(line.len() - 1 - len);
            line[len..len + room].copy_from_slice(&part[..room]);
            len += room;
        }
        line[len] = b'\n';
        // SAFETY: as many bytes are there. A line that cannot be written is lost.
        unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), len + 1) };
    }
}

fn is_new(parts: &[&[u8]]) -> bool {
    // FNV-1a; 0 is a place that is free.
    let bytes = parts.iter().flat_map(|part| part.iter());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    }) | 1;
    for place in &SEEN {
        match place.compare_exchange(0, hash, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(known) if known == hash => return false,
            Err(_) => {}
        }
    }
    false
}
