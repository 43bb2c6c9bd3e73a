//! Moving the software adapter: functions of the preload library, which is there when this program runs
//! under it.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::mem::transmute;

use super::ChildError;

/// What the adapter has counted for this process's VFs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Frames that it has put into receive rings.
    pub(super) delivered: u64,
    /// Frames that it has taken from transmit rings.
    pub(super) taken: u64,
}

/// The adapter's functions, each described where the preload library exports it.
#[derive(Clone, Copy)]
pub(super) struct Device {
    feed: extern "C" fn(c_uint) -> isize,
    chill: extern "C" fn() -> isize,
    tally: unsafe extern "C" fn(*mut u64, *mut u64) -> c_int,
}

impl Device {
    /// Looks for them.
    ///
    /// # Errors
    /// The library is not there.
    pub(super) fn find() -> Result<Device, ChildError> {
        let feed = symbol(c"barline_soft_feed")?;
        let chill = symbol(c"barline_soft_chill")?;
        let tally = symbol(c"barline_soft_tally")?;
        // SAFETY: the preload library, whose prefix these names have, exports functions of these types.
        unsafe {
            Ok(Device {
                feed: transmute::<*mut c_void, extern "C" fn(c_uint) -> isize>(feed),
                chill: transmute::<*mut c_void, extern "C" fn() -> isize>(chill),
                tally: transmute::<*mut c_void, unsafe extern "C" fn(*mut u64, *mut u64) -> c_int>(
                    tally,
                ),
            })
        }
    }

    /// One step: `frames` for each VF, fewer where a ring has no room; and all that is queued to be sent is
    /// taken. Returns how many were delivered.
    ///
    /// # Errors
    /// There is no adapter, or it moves by itself.
    pub(super) fn feed(&self, frames: u32) -> Result<u64, ChildError> {
        u64::try_from((self.feed)(frames)).map_err(|_| ChildError::Device("no VF takes a step"))
    }

    /// Takes rings, and the data that the last [`Device::feed`] wrote, out of all caches.
    ///
    /// # Errors
    /// There is no adapter, or the processor cannot.
    pub(super) fn chill(&self) -> Result<(), ChildError> {
        let flushed = (self.chill)();
        if flushed < 0 {
            return Err(ChildError::Device("no VF's rings can be flushed"));
        }
        Ok(())
    }

    /// What the adapter has counted.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn tally(&self) -> Result<Tally, ChildError> {
        let mut tally = Tally::default();
        // SAFETY: both point to numbers that live until the function returns.
        let status = unsafe { (self.tally)(&mut tally.delivered, &mut tally.taken) };
        if status < 0 {
            return Err(ChildError::Device("no VF is counted for"));
        }
        Ok(tally)
    }
}

/// A function by its name.
fn symbol(name: &'static CStr) -> Result<*mut c_void, ChildError> {
    // SAFETY: the name ends with a zero.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        return Err(ChildError::Device("the preload library is not there"));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_library_it_says_where_a_child_belongs() {
        let error = Device::find().err().expect("tests run without it").to_string();
        assert!(error.contains("the preload library is not there"), "{error}");
        assert!(error.contains("software adapter"), "{error}");
    }
}
