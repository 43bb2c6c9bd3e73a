//! The real functions: those that would have been called without this library.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_long, c_void};

/// The version of the functions that glibc had when it came to this processor.
#[cfg(target_arch = "x86_64")]
const FIRST_VERSION: &CStr = c"GLIBC_2.2.5";
#[cfg(target_arch = "aarch64")]
const FIRST_VERSION: &CStr = c"GLIBC_2.17";

/// Where a real function is.
pub(crate) struct Real {
    name: &'static CStr,
    /// Null until somebody asked.
    address: AtomicPtr<c_void>,
}

impl Real {
    pub(crate) const fn new(name: &'static CStr) -> Real {
        Real { name, address: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Its address, or that of a function that fails with ENOSYS where the C library has none.
    pub(crate) fn address(&self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: a C string.
        let mut found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if found.is_null() {
            // Functions that are kept for old programs only (`__xstat`).
            // SAFETY: C strings.
            found = unsafe {
                libc::dlvsym(libc::RTLD_NEXT, self.name.as_ptr(), FIRST_VERSION.as_ptr())
            };
        }
        if found.is_null() {
            found = missing as *const () as *mut c_void;
        }
        self.address.store(found, Ordering::Relaxed);
        found
    }
}

/// Stands for a function that the C library does not have. Whoever calls it takes the 64 bits for what it
/// expects; functions that return a pointer are in every C library.
extern "C" fn missing() -> c_long {
    set_errno(libc::ENOSYS);
    -1
}

/// The thread's errno.
pub(crate) fn errno() -> c_int {
    // SAFETY: the C library's own variable of this thread.
    unsafe { *libc::__errno_location() }
}

/// Sets it.
pub(crate) fn set_errno(errno: c_int) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Declares real functions: `real! { fn close(c_int) -> c_int; }` makes `close()`, which gives the function.
macro_rules! real {
    ($(fn $name:ident($($argument:ty),* $(; $more:tt)?) -> $result:ty;)*) => {
        mod real_functions {
            #[allow(unused_imports)]
            use super::*;
            $(
                /// The real function of this name.
                pub(super) fn $name() -> unsafe extern "C" fn($($argument,)* $($more)?) -> $result {
                    static REAL: $crate::real::Real = $crate::real::Real::new(
                        match ::std::ffi::CStr::from_bytes_with_nul(
                            concat!(stringify!($name), "\0").as_bytes()
                        ) {
                            Ok(name) => name,
                            Err(_) => panic!("a name without a 0 in it"),
                        }
                    );
                    // SAFETY: the address is that of the C library's function of this name, which has
                    // this type, or of one that takes nothing and fails.
                    unsafe {
                        ::std::mem::transmute::<
                            *mut ::libc::c_void,
                            unsafe extern "C" fn($($argument,)* $($more)?) -> $result,
                        >(REAL.address())
                    }
                }
            )*
        }
        use real_functions as real;
    };
}
pub(crate) use real;

/// Exports functions that are others under another name: where offsets have 64 bits anyway, those whose names
/// end in 64.
macro_rules! alias {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $of:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// As for the function of which it is another name.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($argument: $type),*) -> $result {
                // SAFETY: what that one asks for was promised.
                unsafe { $of($($argument),*) }
            }
        )*
    };
}
pub(crate) use alias;
