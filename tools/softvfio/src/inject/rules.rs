//! `BARLINE_SOFT_FAIL`: which calls shall fail, as text.

use std::str::FromStr;

use super::Call;
use crate::Errno;

/// The error numbers that have a name here, from `errno.h`: those that VFIO's calls give, and those
/// that any system call may.
const NAMES: [(&str, Errno); 27] = [
    ("EPERM", libc::EPERM),
    ("ENOENT", libc::ENOENT),
    ("EINTR", libc::EINTR),
    ("EIO", libc::EIO),
    ("ENXIO", libc::ENXIO),
    ("E2BIG", libc::E2BIG),
    ("EBADF", libc::EBADF),
    ("EAGAIN", libc::EAGAIN),
    ("ENOMEM", libc::ENOMEM),
    ("EACCES", libc::EACCES),
    ("EFAULT", libc::EFAULT),
    ("EBUSY", libc::EBUSY),
    ("EEXIST", libc::EEXIST),
    ("ENODEV", libc::ENODEV),
    ("EINVAL", libc::EINVAL),
    ("ENFILE", libc::ENFILE),
    ("EMFILE", libc::EMFILE),
    ("ENOTTY", libc::ENOTTY),
    ("EFBIG", libc::EFBIG),
    ("ENOSPC", libc::ENOSPC),
    ("ESPIPE", libc::ESPIPE),
    ("EROFS", libc::EROFS),
    ("ERANGE", libc::ERANGE),
    ("ENOSYS", libc::ENOSYS),
    ("EOPNOTSUPP", libc::EOPNOTSUPP),
    ("ETIMEDOUT", libc::ETIMEDOUT),
    ("ECANCELED", libc::ECANCELED),
];

/// The largest error number that the kernel can give (`MAX_ERRNO` of `linux/err.h`).
pub const LARGEST: Errno = 4095;

/// One entry of the list: a call, which of them, and the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `None` stands for any.
    pub call: Option<Call>,
    /// Which of those calls of the process, from 1 on; `None` for each.
    pub number: Option<u64>,
    /// The error that it gives.
    pub errno: Errno,
}

/// A list that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("BARLINE_SOFT_FAIL: `{entry}`: {allowed}")]
pub struct BadRule {
    entry: String,
    allowed: String,
}

/// Reads a list of `name[#n]=ERRNO` with commas between, such as
/// `VFIO_DEVICE_RESET#2=EBUSY,open-group=EPERM`.
///
/// The names are those of [`Call`], or `any`; with `#n` the n-th such call of a process fails, from 1
/// on, and without it each. The error is a name from `errno.h` or its number, 1 to 4095. The empty
/// list is one.
///
/// # Errors
/// The entry that is none of that, and what is allowed.
pub fn parse(list: &str) -> Result<Vec<Rule>, BadRule> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| rule(entry).map_err(|allowed| BadRule { entry: entry.to_string(), allowed }))
        .collect()
}

fn rule(entry: &str) -> Result<Rule, String> {
    let shape = "an entry is NAME=ERRNO or NAME#N=ERRNO, such as VFIO_DEVICE_RESET#2=EBUSY";
    let (what, errno) = entry.split_once('=').ok_or(shape)?;
    let (name, number) = match what.split_once('#') {
        None => (what, None),
        Some((name, number)) => (name, Some(number)),
    };
    let call = match name {
        "any" => None,
        name => Some(Call::named(name).ok_or_else(unknown_call)?),
    };
    let number = match number.map(u64::from_str) {
        None => None,
        Some(Ok(number @ 1..)) => Some(number),
        Some(_) => return Err("behind # is a number from 1 on: the first such call is 1".into()),
    };
    let named = NAMES.iter().find(|(name, _)| *name == errno).map(|(_, errno)| *errno);
    let given = || errno.parse().ok().filter(|errno| (1..=LARGEST).contains(errno));
    let errno = named.or_else(given).ok_or_else(unknown_errno)?;
    Ok(Rule { call, number, errno })
}

fn unknown_call() -> String {
    let names: Vec<_> = Call::ALL.into_iter().map(Call::name).collect();
    format!("the name is `any` or one of {}", names.join(", "))
}

fn unknown_errno() -> String {
    let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
    format!("the error is a number from 1 to {LARGEST} or one of {}", names.join(", "))
}
