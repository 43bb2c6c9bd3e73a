//! The library to preload.
