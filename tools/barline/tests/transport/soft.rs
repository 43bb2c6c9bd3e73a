//! The functions that the preloaded library has for programs that test themselves.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::transmute;

use libc::RTLD_DEFAULT;

type Fail = unsafe extern "C" fn(u64, c_int) -> c_int;
type Calls = unsafe extern "C" fn() -> u64;
type Call = unsafe extern "C" fn(u64) -> *const c_char;

/// Makes the `nth` call from now on fail, 1 being the next; 0 for none.
pub fn fail(nth: u64, errno: i32) {
    // SAFETY: the library's function of that name has this type, and takes any numbers.
    let answer =
        unsafe { transmute::<*mut c_void, Fail>(function(c"barline_soft_fail"))(nth, errno) };
    assert_eq!(answer, 0, "the library takes {nth} and {errno}");
}

/// How many calls on VFIO this process has made.
pub fn calls() -> u64 {
    // SAFETY: the library's function of that name has this type.
    unsafe { transmute::<*mut c_void, Calls>(function(c"barline_soft_calls"))() }
}

/// The name of a call, from 1 on.
pub fn call(number: u64) -> String {
    // SAFETY: the library's function of that name has this type, and gives a string that stays.
    let name = unsafe { transmute::<*mut c_void, Call>(function(c"barline_soft_call"))(number) };
    assert!(!name.is_null(), "call {number} is not known");
    // SAFETY: as above.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap().to_string()
}

/// The names of the calls that `act` makes, and what it gives.
pub fn calls_of<T>(act: impl FnOnce() -> T) -> (Vec<String>, T) {
    let before = calls();
    let given = act();
    ((before + 1..=calls()).map(call).collect(), given)
}

fn function(name: &CStr) -> *mut c_void {
    // SAFETY: reads a string; the library is never unloaded.
    let function = unsafe { libc::dlsym(RTLD_DEFAULT, name.as_ptr()) };
    assert!(!function.is_null(), "{name:?} is not there: is the library preloaded?");
    function
}
