//! Configuration space that is written field by field.

/// An image of it, zero at first, little-endian.
pub(super) struct Image(Vec<u8>);

impl Image {
    pub(super) fn new(len: usize) -> Image {
        Image(vec![0; len])
    }

    pub(super) fn put8(mut self, offset: usize, value: u8) -> Image {
        self.0[offset] = value;
        self
    }

    pub(super) fn put16(mut self, offset: usize, value: u16) -> Image {
        self.0[offset..offset + 2].copy_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn put32(mut self, offset: usize, value: u32) -> Image {
        self.0[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// The header of a standard capability (PCI 3.0, 6.7).
    pub(super) fn standard(self, offset: usize, id: u8, next: u8) -> Image {
        self.put8(offset, id).put8(offset + 1, next)
    }

    /// The header of an extended capability of version 1 (PCI Express 4.0, 7.6.3).
    pub(super) fn extended(self, offset: usize, id: u16, next: u16) -> Image {
        self.put32(offset, u32::from(id) | 1 << 16 | u32::from(next) << 20)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
