//! Interrupts by eventfd (Linux 6.12 `drivers/vfio/pci/vfio_pci_intrs.c`).

use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use softnic::{Adapter, Notice};
use vfio_bindings::bindings::vfio as uapi;

use super::{Device, info};
use crate::home::Home;
use crate::inside::Inside;
use crate::private::PrivateFd;
use crate::user::User;
use crate::{Errno, sys};

/// Bytes of `vfio_irq_set` before its data.
const HEAD: usize = 20;

type Eventfd = Arc<PrivateFd>;

/// What a device's interrupts are connected to.
#[derive(Debug, Default)]
pub(super) struct Irqs {
    /// By vector, as many as were enabled; none while MSI-X is off.
    msix: Option<Vec<Option<Eventfd>>>,
    error: Option<Eventfd>,
    request: Option<Eventfd>,
}

/// What comes with a call, for each interrupt in turn.
enum Data {
    /// Nothing.
    None,
    /// Whether it is meant.
    Bool(Vec<bool>),
    /// An eventfd, or -1.
    Eventfd(Vec<i32>),
}

/// `VFIO_DEVICE_SET_IRQS`.
pub(super) fn set(device: &mut Device, home: &Home, argument: User) -> Result<(), Errno> {
    let [argsz, flags, index, start, count] = argument.read::<[u32; 5]>()?;
    let known = uapi::VFIO_IRQ_SET_DATA_TYPE_MASK | uapi::VFIO_IRQ_SET_ACTION_TYPE_MASK;
    let there = info::irqs(index).ok_or(libc::EINVAL)?;
    let end = start.checked_add(count).filter(|end| *end < u32::MAX);
    if (argsz as usize) < HEAD
        || flags & !known != 0
        || start >= there
        || end.is_none_or(|end| end > there)
    {
        return Err(libc::EINVAL);
    }
    let data = data(argument, argsz as usize - HEAD, flags, count as usize)?;
    // What can be masked is INTx, which a VF does not have.
    if flags & uapi::VFIO_IRQ_SET_ACTION_TYPE_MASK != uapi::VFIO_IRQ_SET_ACTION_TRIGGER {
        return Err(libc::ENOTTY);
    }
    let (start, count) = (start as usize, count as usize);
    let (vf, irqs) = (device.vf, &mut device.irqs);
    match index {
        uapi::VFIO_PCI_MSIX_IRQ_INDEX => return device.set_msix(home, start, count, &data),
        uapi::VFIO_PCI_ERR_IRQ_INDEX => {
            irqs.error = notice(home, (vf, Notice::Error), irqs.error.as_ref(), count, &data)?;
        }
        _ => {
            irqs.request =
                notice(home, (vf, Notice::Request), irqs.request.as_ref(), count, &data)?;
        }
    }
    Ok(())
}

/// Reads what comes with a call.
fn data(argument: User, room: usize, flags: u32, count: usize) -> Result<Data, Errno> {
    let argument = argument.add(HEAD);
    let fits = |size: usize| if room < count * size { Err(libc::EINVAL) } else { Ok(()) };
    match flags & uapi::VFIO_IRQ_SET_DATA_TYPE_MASK {
        uapi::VFIO_IRQ_SET_DATA_NONE => Ok(Data::None),
        uapi::VFIO_IRQ_SET_DATA_BOOL => {
            fits(1)?;
            let mut bytes = vec![0; count];
            argument.read_bytes(&mut bytes)?;
            Ok(Data::Bool(bytes.into_iter().map(|byte| byte != 0).collect()))
        }
        uapi::VFIO_IRQ_SET_DATA_EVENTFD => {
            fits(4)?;
            let fds = (0..count).map(|at| argument.add(4 * at).read());
            Ok(Data::Eventfd(fds.collect::<Result<_, _>>()?))
        }
        _ => Err(libc::EINVAL),
    }
}

/// A copy of the program's eventfd.
fn eventfd(fd: i32) -> Result<Eventfd, Errno> {
    // The copy is looked at, which nobody exchanges for something else meanwhile.
    let copy = PrivateFd::copy_of(fd)?;
    sys::check_eventfd(copy.as_fd().as_raw_fd())?;
    Ok(Arc::new(copy))
}

fn signal(eventfd: &PrivateFd) {
    // Also called by the program's own thread, when it moves the adapter.
    let _inside = Inside::stay();
    sys::signal(eventfd.as_fd());
}

/// What sends a message to an eventfd; one that is not there is sent nothing.
fn message(eventfd: Option<&Eventfd>) -> Box<dyn Fn() + Send> {
    match eventfd.cloned() {
        Some(eventfd) => Box::new(move || signal(&eventfd)),
        None => Box::new(|| ()),
    }
}

/// Connects one of the two notices of the kernel's, disconnects it, or signals it to see whether it
/// arrives. Returns what it is connected to now.
fn notice(
    home: &Home,
    (vf, notice): (usize, Notice),
    before: Option<&Eventfd>,
    count: usize,
    data: &Data,
) -> Result<Option<Eventfd>, Errno> {
    let signals = match data {
        Data::None if before.is_none() => return Err(libc::EINVAL),
        Data::None => count > 0,
        _ if count == 0 => return Err(libc::EINVAL),
        Data::Bool(meant) if !meant.contains(&true) => return Ok(before.cloned()),
        Data::Bool(_) => true,
        Data::Eventfd(_) => false,
    };
    if signals {
        before.iter().for_each(|eventfd| signal(eventfd));
        return Ok(before.cloned());
    }
    let connected = match data {
        Data::Eventfd(fds) => match fds[..] {
            [-1] => None,
            [fd] if fd >= 0 => Some(eventfd(fd)?),
            _ => return Err(libc::EINVAL),
        },
        _ => None,
    };
    let wake = connected.as_ref().map(|eventfd| message(Some(eventfd)));
    home.with(|adapter| adapter.set_notice(vf, notice, wake))?;
    Ok(connected)
}

impl Device {
    /// Connects vectors to eventfds, disconnects all of them, or signals some.
    fn set_msix(
        &mut self,
        home: &Home,
        start: usize,
        count: usize,
        data: &Data,
    ) -> Result<(), Errno> {
        match (data, &mut self.irqs.msix) {
            (Data::None, msix @ Some(_)) if count == 0 => {
                *msix = None;
                self.apply(home)
            }
            (Data::Eventfd(fds), Some(vectors)) => {
                // As many as there were eventfds for at first: more cannot be had later.
                let done = connect(vectors, start, fds);
                self.apply(home)?;
                done
            }
            // Of none there is nothing to enable.
            (Data::Eventfd(_), None) if start + count == 0 => Err(libc::ERANGE),
            (Data::Eventfd(fds), None) => {
                let mut vectors = vec![None; start + count];
                connect(&mut vectors, start, fds)?;
                self.irqs.msix = Some(vectors);
                self.apply(home)
            }
            (_, None) => Err(libc::EINVAL),
            (data, Some(vectors)) => {
                for (at, eventfd) in vectors.iter().skip(start).take(count).enumerate() {
                    let meant = match data {
                        Data::Bool(meant) => meant.get(at) == Some(&true),
                        _ => true,
                    };
                    if let (true, Some(eventfd)) = (meant, eventfd) {
                        signal(eventfd);
                    }
                }
                Ok(())
            }
        }
    }

    /// Has the adapter send its messages where they are to go.
    fn apply(&self, home: &Home) -> Result<(), Errno> {
        let vectors = self.irqs.msix.as_deref();
        let messages = vectors.unwrap_or_default().iter().map(|it| message(it.as_ref())).collect();
        home.with(|adapter: &mut Adapter| {
            adapter.set_vectors(self.vf, messages);
            self.config.enable_msix(adapter, vectors.is_some());
        })
    }
}

/// Connects some vectors. If one cannot be, all of them are disconnected.
fn connect(vectors: &mut [Option<Eventfd>], start: usize, fds: &[i32]) -> Result<(), Errno> {
    for (at, fd) in fds.iter().enumerate() {
        let connected = match vectors.get_mut(start + at) {
            // Nothing is connected there that would have to be disconnected.
            None if *fd < 0 => continue,
            None => Err(libc::EINVAL),
            Some(vector) => {
                *vector = None;
                if *fd < 0 {
                    continue;
                }
                eventfd(*fd).map(|eventfd| *vector = Some(eventfd))
            }
        };
        if let Err(errno) = connected {
            vectors.iter_mut().skip(start).take(at + 1).for_each(|vector| *vector = None);
            return Err(errno);
        }
    }
    Ok(())
}
