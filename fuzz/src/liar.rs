//! A device that says of its registers what the input says, as a transport between the driver and an
//! honest model.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arbitrary::{Arbitrary, Result as Input, Unstructured};
use barline::transport::{DmaSpace, Identity, Notice, Transport};
use barline::{Error, Result};
use barline_ring::Doorbell;

use crate::range;

/// What is between a driver and its device.
pub struct Liar {
    inner: Arc<dyn Transport>,
    lies: Vec<Lie>,
    /// Which call fails, counted from 0.
    failing: Option<u32>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: u32,
    /// How often each register was read.
    reads: HashMap<u64, u32>,
}

/// Something else than stands in a register. By register, not by time: so other reads do not change what
/// this one gives.
#[derive(Debug)]
pub struct Lie {
    /// The register, as a byte offset.
    pub offset: u64,
    /// Reads of it that are not lied about.
    pub after: u32,
    /// Reads of it that are.
    pub times: u32,
    /// What is done to it.
    pub change: Change,
}

/// What a register's value becomes.
#[derive(Arbitrary, Debug)]
pub enum Change {
    /// All ones, as of a device that is gone.
    Gone,
    /// Nothing.
    Zero,
    /// This.
    Value(u32),
    /// These bits are the other way round.
    Flip(u32),
    /// This bit is.
    FlipOne(u8),
    /// A small number.
    Small(u8),
}

impl Lie {
    /// A lie about one of these registers, or any.
    pub fn about(registers: &[u64], input: &mut Unstructured<'_>) -> Input<Lie> {
        let anywhere = range(input, 0..=15)? == 0;
        let offset =
            if anywhere { input.arbitrary::<u16>()?.into() } else { *input.choose(registers)? };
        let long = range(input, 0..=3)? == 0;
        Ok(Lie {
            offset,
            // The first reads come when the device is opened.
            after: if input.arbitrary()? { range(input, 0..=6)? } else { range(input, 0..=30)? }
                as u32,
            times: if long { u32::MAX } else { 1 + range(input, 0..=3)? as u32 },
            change: input.arbitrary()?,
        })
    }

    fn apply(&self, value: u32) -> u32 {
        match self.change {
            Change::Gone => u32::MAX,
            Change::Zero => 0,
            Change::Value(value) => value,
            Change::Flip(bits) => value ^ bits,
            Change::FlipOne(bit) => value ^ 1 << (bit % 32),
            Change::Small(value) => value.into(),
        }
    }
}

impl Liar {
    /// One that tells these lies, and has one call fail.
    pub fn new(inner: Arc<dyn Transport>, lies: Vec<Lie>, failing: Option<u32>) -> Arc<Liar> {
        Arc::new(Liar { inner, lies, failing, state: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, what: &str) -> Result<()> {
        let mut state = self.state();
        let call = state.calls;
        state.calls += 1;
        if self.failing != Some(call) {
            return Ok(());
        }
        Err(Error::Kernel {
            device: self.name().to_string(),
            action: what.to_string(),
            source: io::Error::from(io::ErrorKind::Other),
            remedy: "none".to_string(),
        })
    }
}

impl fmt::Debug for Liar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Liar({:?})", self.inner)
    }
}

// SAFETY: what is written arrives, and the device's accesses to memory are the model's, through the
// model's own address space: it reaches what is mapped there and nothing else, whatever the driver takes
// for true. What is read may be a lie, by which the model may be given the same buffer twice; it has no
// references to it, and writes only while it is stepped.
unsafe impl Transport for Liar {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn identity(&self) -> Identity {
        self.inner.identity()
    }

    fn bar_len(&self, bar: u8) -> u64 {
        self.inner.bar_len(bar)
    }

    fn read32(&self, bar: u8, offset: u64) -> u32 {
        let value = self.inner.read32(bar, offset);
        let mut state = self.state();
        let read = state.reads.entry(offset).or_default();
        let number = *read;
        *read += 1;
        let lies = self.lies.iter().filter(|lie| lie.offset == offset);
        let now =
            lies.filter(|lie| number.checked_sub(lie.after).is_some_and(|since| since < lie.times));
        now.fold(value, |value, lie| lie.apply(value))
    }

    unsafe fn write32(&self, bar: u8, offset: u64, value: u32) {
        // SAFETY: promised by the caller.
        unsafe { self.inner.write32(bar, offset, value) };
    }

    fn doorbell(self: Arc<Self>, bar: u8, offset: u64) -> Result<Doorbell> {
        self.call("map a register")?;
        self.inner.clone().doorbell(bar, offset)
    }

    fn read_config(&self, offset: u16, data: &mut [u8]) -> Result<()> {
        self.call("read configuration space")?;
        self.inner.read_config(offset, data)
    }

    unsafe fn write_config(&self, offset: u16, data: &[u8]) -> Result<()> {
        self.call("write configuration space")?;
        // SAFETY: promised by the caller.
        unsafe { self.inner.write_config(offset, data) }
    }

    fn set_bus_master(&self, on: bool) -> Result<()> {
        self.call("set bus mastering")?;
        self.inner.set_bus_master(on)
    }

    fn reset(&self) -> Result<()> {
        self.call("reset")?;
        self.inner.reset()
    }

    fn vectors(&self) -> u16 {
        self.inner.vectors()
    }

    fn set_vectors(&self, eventfds: &[BorrowedFd<'_>]) -> Result<()> {
        self.call("connect interrupts")?;
        self.inner.set_vectors(eventfds)
    }

    fn set_notice(&self, notice: Notice, eventfd: Option<BorrowedFd<'_>>) -> Result<bool> {
        self.call("connect a notice")?;
        self.inner.set_notice(notice, eventfd)
    }

    fn dma(&self) -> Arc<dyn DmaSpace> {
        self.inner.dma()
    }
}
