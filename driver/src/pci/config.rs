//! Configuration space: how much of it there is to read, and reading it with bounds.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How much of a function's configuration space a reader can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// The 64-byte header. The kernel shows no more to a process without `CAP_SYS_ADMIN`, since
    /// some devices lock up when undefined registers are read. No capability can be seen.
    Header,
    /// 256 bytes: the header and the standard capabilities (PCI 3.0, 6.1).
    Conventional,
    /// 4096 bytes: the extended capabilities too (PCIe 5.0, 7.2.2).
    Extended,
}

impl Extent {
    /// The bytes that can be read.
    pub fn bytes(self) -> u16 {
        match self {
            Extent::Header => 64,
            Extent::Conventional => 256,
            Extent::Extended => 4096,
        }
    }

    /// The largest extent that `bytes` fill; `None` below the header's 64.
    pub fn of(bytes: usize) -> Option<Extent> {
        match bytes {
            0..64 => None,
            64..256 => Some(Extent::Header),
            256..4096 => Some(Extent::Conventional),
            _ => Some(Extent::Extended),
        }
    }
}

/// Why a read of configuration space gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Outside what this reader can see.
    #[error("{len} bytes at {offset:#x} are outside the {visible} bytes that can be read")]
    OutOfRange {
        /// The first byte that was asked for.
        offset: u16,
        /// How many bytes.
        len: usize,
        /// The bytes that can be read.
        visible: u16,
    },
    /// The read failed.
    #[error("reading {len} bytes at {offset:#x}: {source}")]
    Io {
        /// The first byte that was asked for.
        offset: u16,
        /// How many bytes.
        len: usize,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// Something that configuration space can be read from.
///
/// Little-endian, as PCI is. What it returns comes from a device: nothing may rely on it for
/// soundness.
pub trait ConfigSpace {
    /// How much can be read.
    fn extent(&self) -> Extent;

    /// Reads `data.len()` bytes, all of them inside [`ConfigSpace::extent`].
    ///
    /// # Errors
    /// The kernel refused, or had fewer bytes.
    fn read_within(&self, offset: u16, data: &mut [u8]) -> io::Result<()>;

    /// Reads `data.len()` bytes from byte `offset` on.
    ///
    /// # Errors
    /// The range is not in sight, or the read failed.
    fn read(&self, offset: u16, data: &mut [u8]) -> Result<(), ConfigError> {
        let (len, visible) = (data.len(), self.extent().bytes());
        if usize::from(offset).checked_add(len).is_none_or(|end| end > usize::from(visible)) {
            return Err(ConfigError::OutOfRange { offset, len, visible });
        }
        self.read_within(offset, data).map_err(|source| ConfigError::Io { offset, len, source })
    }

    /// The byte at `offset`.
    ///
    /// # Errors
    /// As for [`ConfigSpace::read`].
    fn read8(&self, offset: u16) -> Result<u8, ConfigError> {
        let mut data = [0; 1];
        self.read(offset, &mut data)?;
        Ok(data[0])
    }

    /// The 16 bits at `offset`.
    ///
    /// # Errors
    /// As for [`ConfigSpace::read`].
    fn read16(&self, offset: u16) -> Result<u16, ConfigError> {
        let mut data = [0; 2];
        self.read(offset, &mut data)?;
        Ok(u16::from_le_bytes(data))
    }

    /// The 32 bits at `offset`.
    ///
    /// # Errors
    /// As for [`ConfigSpace::read`].
    fn read32(&self, offset: u16) -> Result<u32, ConfigError> {
        let mut data = [0; 4];
        self.read(offset, &mut data)?;
        Ok(u32::from_le_bytes(data))
    }
}

/// A copy of configuration space in memory: 64 bytes at least.
#[derive(Clone, Debug)]
pub struct ConfigImage {
    bytes: Vec<u8>,
    extent: Extent,
}

impl ConfigImage {
    /// A copy that `bytes` hold from offset 0 on; `None` if they are fewer than 64.
    pub fn new(bytes: Vec<u8>) -> Option<ConfigImage> {
        let extent = Extent::of(bytes.len())?;
        Some(ConfigImage { bytes, extent })
    }
}

impl ConfigSpace for ConfigImage {
    fn extent(&self) -> Extent {
        self.extent
    }

    fn read_within(&self, offset: u16, data: &mut [u8]) -> io::Result<()> {
        let start = usize::from(offset);
        let source = start
            .checked_add(data.len())
            .and_then(|end| self.bytes.get(start..end))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        data.copy_from_slice(source);
        Ok(())
    }
}

/// The `config` file of a function in sysfs. Reads go to the device, each time.
#[derive(Debug)]
pub struct ConfigFile {
    file: File,
    extent: Extent,
    size: Extent,
}

impl ConfigFile {
    pub(super) fn open(path: &Path) -> io::Result<ConfigFile> {
        let file = File::open(path)?;
        let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "shorter than a PCI header");
        let len = file.metadata()?.len();
        let size = Extent::of(usize::try_from(len).unwrap_or(usize::MAX)).ok_or_else(short)?;
        // The file's length says what the device has. What this process may see shows only when it
        // reads: past the end for it, the kernel returns nothing.
        let sees = |offset| Ok::<bool, io::Error>(file.read_at(&mut [0; 4], offset)? == 4);
        let extent = match size {
            Extent::Extended if sees(256)? => Extent::Extended,
            Extent::Extended | Extent::Conventional if sees(64)? => Extent::Conventional,
            _ if sees(60)? => Extent::Header,
            _ => return Err(short()),
        };
        Ok(ConfigFile { file, extent, size })
    }

    /// How much the function has, seen or not. More than [`ConfigSpace::extent`] means: run as root
    /// (`CAP_SYS_ADMIN`) to see the rest.
    pub fn size(&self) -> Extent {
        self.size
    }
}

impl ConfigSpace for ConfigFile {
    fn extent(&self) -> Extent {
        self.extent
    }

    fn read_within(&self, offset: u16, data: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(data, u64::from(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stay_inside() {
        let image = ConfigImage::new((0..=255).collect()).unwrap();
        assert_eq!(image.extent(), Extent::Conventional);
        assert_eq!(image.read8(255).unwrap(), 255);
        assert_eq!(image.read32(252).unwrap(), 0xfffe_fdfc);
        for (offset, result) in [(253, 4), (255, 2), (256, 1), (u16::MAX, 4)] {
            let mut data = vec![0; result];
            let error = image.read(offset, &mut data).unwrap_err();
            assert!(matches!(error, ConfigError::OutOfRange { visible: 256, .. }), "{error}");
        }
    }

    #[test]
    fn sixty_three_bytes_are_no_header() {
        assert!(ConfigImage::new(vec![0; 63]).is_none());
        assert_eq!(ConfigImage::new(vec![0; 64]).map(|i| i.extent()), Some(Extent::Header));
        assert_eq!(ConfigImage::new(vec![0; 4095]).map(|i| i.extent().bytes()), Some(256));
    }

    #[test]
    fn what_a_file_shows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        for (bytes, extent) in
            [(64, Extent::Header), (256, Extent::Conventional), (4096, Extent::Extended)]
        {
            std::fs::write(&path, vec![7; bytes]).unwrap();
            let file = ConfigFile::open(&path).unwrap();
            assert_eq!((file.extent(), file.size()), (extent, extent));
            assert_eq!(file.read16(62).unwrap(), 0x0707);
            assert!(file.read8(extent.bytes()).is_err());
        }
        std::fs::write(&path, [0; 40]).unwrap();
        assert_eq!(ConfigFile::open(&path).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(&path, [0; 256]).unwrap();
        let file = ConfigFile::open(&path).unwrap();
        std::fs::write(&path, [0; 100]).unwrap();
        assert!(matches!(file.read32(128), Err(ConfigError::Io { offset: 128, len: 4, .. })));
    }
}
