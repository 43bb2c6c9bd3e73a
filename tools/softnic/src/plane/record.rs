//! The states of the ports in the file: each in two copies, of which one counts.
//!
//! Who changes a state has the file's lock, writes the copy that does not count, and then lets it
//! count by one store. So one that is killed leaves nothing half. Readers take no lock: they read again
//! if the copies were exchanged meanwhile.

use std::sync::atomic::{Ordering, fence};

use super::PortState;
use super::layout::{AT_GENERATION, Layout, STATE_MAX};
use super::shm::Shm;

/// How often a copy is read again. A change takes as long as many reads, so that two tries are rare.
const TRIES: usize = 64;

/// A copy that counted when it was read, decoded, and the number of changes up to it. `None` instead
/// of a state: no process of this program's has written that. `meanwhile` is called while it is read.
///
/// Nothing at all: the copies were exchanged at each of [`TRIES`] looks, which no process does that
/// keeps to the rules.
pub(super) fn load(
    shm: &Shm,
    layout: Layout,
    port: usize,
    mut meanwhile: impl FnMut(),
) -> Option<(u64, Option<PortState>)> {
    for _ in 0..TRIES {
        let version = shm.word(layout.version(port)).load(Ordering::Acquire);
        let at = layout.state(port, version);
        let len = shm.word(at).load(Ordering::Relaxed);
        let mut bytes = vec![0; (len as usize).min(STATE_MAX)];
        shm.read_words(at + 8, &mut bytes);
        meanwhile();
        // The loads above come before the one below.
        fence(Ordering::Acquire);
        if shm.word(layout.version(port)).load(Ordering::Relaxed) == version {
            let mut state: Option<PortState> = postcard::from_bytes(&bytes).ok();
            state.iter_mut().for_each(PortState::tidy);
            return Some((version, state));
        }
    }
    None
}

/// Lets another state count. The caller has the file's lock.
pub(super) fn store(shm: &Shm, layout: Layout, port: usize, state: &PortState) {
    let version = shm.word(layout.version(port)).load(Ordering::Relaxed);
    let next = version.wrapping_add(1);
    let at = layout.state(port, next);
    let bytes = encode(state);
    // A reader that meets these stores finds the version changed: it was, before this copy came up.
    fence(Ordering::Release);
    shm.word(at).store(bytes.len() as u64, Ordering::Relaxed);
    shm.write_words(at + 8, &bytes);
    shm.word(layout.version(port)).store(next, Ordering::Release);
    shm.word(AT_GENERATION).fetch_add(1, Ordering::Release);
}

fn encode(state: &PortState) -> Vec<u8> {
    // Writing to memory does not fail, and `PortState::tidy` bounds the length.
    let bytes = postcard::to_stdvec(state).unwrap_or_default();
    debug_assert!(!bytes.is_empty() && bytes.len() <= STATE_MAX, "{} bytes", bytes.len());
    bytes
}
