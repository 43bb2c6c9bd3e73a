//! Devices by name: a PCI address such as `0000:01:10.0`, or `soft` for a software adapter.
