//! Interrupts as eventfds: MSI-X vectors, and what the kernel has to say about the device.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vfio_bindings::bindings::vfio as uapi;

use super::ioctl;
use crate::transport::Notice;

/// The interrupts of one device.
#[derive(Debug)]
pub(super) struct Irqs {
    vectors: u16,
    request: bool,
    error: bool,
    connected: Mutex<Connected>,
}

#[derive(Debug, Default)]
struct Connected {
    msix: bool,
    request: bool,
    error: bool,
}

impl Irqs {
    /// Asks the device what it has. Nothing is connected.
    ///
    /// # Errors
    /// The kernel did not answer about MSI-X.
    pub(super) fn query(device: impl AsFd) -> io::Result<Irqs> {
        let device = device.as_fd();
        let has = |index, what: &str| match ioctl::irq_count(device, index) {
            Ok(count) => count > 0,
            // A device or a kernel without it.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => false,
            Err(error) => {
                tracing::warn!(%error, "{what} will not be heard: the kernel did not tell of it");
                false
            }
        };
        let vectors = ioctl::irq_count(device, uapi::VFIO_PCI_MSIX_IRQ_INDEX)?;
        Ok(Irqs {
            vectors: u16::try_from(vectors).unwrap_or(u16::MAX),
            request: has(uapi::VFIO_PCI_REQ_IRQ_INDEX, "requests to give the device back"),
            error: has(uapi::VFIO_PCI_ERR_IRQ_INDEX, "errors of the device"),
            connected: Mutex::default(),
        })
    }

    /// Number of MSI-X vectors.
    pub(super) fn vectors(&self) -> u16 {
        self.vectors
    }

    /// Connects vectors 0.. and enables MSI-X; with no eventfd, disables it.
    ///
    /// # Errors
    /// More eventfds than vectors, or the kernel's answer; MSI-X is off then.
    pub(super) fn set_vectors(
        &self,
        device: impl AsFd,
        eventfds: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        if eventfds.len() > self.vectors.into() {
            let what = format!("{} of {} vectors", eventfds.len(), self.vectors);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let mut connected = self.lock();
        if connected.msix {
            // The number of vectors is fixed while MSI-X is on.
            ioctl::disable_irqs(device.as_fd(), uapi::VFIO_PCI_MSIX_IRQ_INDEX)?;
            connected.msix = false;
        }
        if !eventfds.is_empty() {
            let eventfds: Vec<_> = eventfds.iter().copied().map(Some).collect();
            ioctl::set_irqs(device.as_fd(), uapi::VFIO_PCI_MSIX_IRQ_INDEX, &eventfds)?;
            connected.msix = true;
        }
        Ok(())
    }

    /// Connects or disconnects a notice; `false` says that the device has none of that kind.
    ///
    /// # Errors
    /// The kernel's answer; nothing has changed then.
    pub(super) fn set_notice(
        &self,
        device: impl AsFd,
        notice: Notice,
        eventfd: Option<BorrowedFd<'_>>,
    ) -> io::Result<bool> {
        let mut connected = self.lock();
        let (has, index, state) = match notice {
            Notice::Request => (self.request, uapi::VFIO_PCI_REQ_IRQ_INDEX, &mut connected.request),
            Notice::Error => (self.error, uapi::VFIO_PCI_ERR_IRQ_INDEX, &mut connected.error),
        };
        if !has {
            return Ok(false);
        }
        if eventfd.is_some() || *state {
            ioctl::set_irqs(device.as_fd(), index, &[eventfd])?;
        }
        *state = eventfd.is_some();
        Ok(true)
    }

    /// Disconnects everything.
    ///
    /// # Errors
    /// The first of the kernel's answers; the rest was tried all the same.
    pub(super) fn disconnect(&self, device: impl AsFd) -> io::Result<()> {
        let device = device.as_fd();
        let vectors = self.set_vectors(device, &[]);
        let request = self.set_notice(device, Notice::Request, None);
        let error = self.set_notice(device, Notice::Error, None);
        vectors.and(request).and(error).map(drop)
    }

    fn lock(&self) -> MutexGuard<'_, Connected> {
        // Flags only, each set after what it stands for.
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
