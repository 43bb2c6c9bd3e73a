//! The commands, each with the fields of its JSON.
//!
//! # What all have in common
//! Addresses are strings such as `"0000:01:10.0"`. Vendor, device and class ids are strings of
//! hexadecimal digits without `0x`; everything that is counted is a number. A field that has no
//! value is `null`, never left out.

pub mod bind;
pub mod create;
mod function;
pub mod info;
pub mod list;
pub mod soft;
