//! VFIO without a kernel, called as a program calls the kernel: each request with what it allows and what
//! it refuses, and what is left when descriptors go.
#![allow(unsafe_code)]

mod container;
mod device;
mod dma;
mod driver;
mod fork;
mod group;
mod irqs;
mod kit;
mod lifetime;
mod locked;
mod measured;
mod registers;
mod traffic;
mod unmapped;
