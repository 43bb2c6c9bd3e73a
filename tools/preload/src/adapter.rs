//! What a program can ask of the adapter beyond VFIO, by looking for these functions (`dlsym`).
#![allow(unsafe_code)]

use crate::ask::ask;

/// Moves the adapter one step, for programs that measure without its time (`drive=caller`): returns how many
/// frames were moved, or -1 if the adapter moves by itself or there is none.
#[unsafe(no_mangle)]
pub extern "C" fn barline_soft_step() -> isize {
    match ask(|soft| Some(Ok(soft.vfio.step()))) {
        Some(Ok(moved)) => moved,
        _ => -1,
    }
}
