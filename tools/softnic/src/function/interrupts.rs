//! A VF's interrupts: causes, masks, the vector of each cause, throttling (82599 datasheet 7.3).
//!
//! A VF knows no other interrupts than MSI-X. Each bit of VTEICR stands for one vector, and the
//! registers VTIVAR say which vector a queue or the mailbox raises. A message is sent when a bit is set
//! and let through, and the vector's interval has passed; sending it clears the bit (VTEIAC) and masks
//! it (VTEIAM), where the driver asked for that.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::regs;

/// MSI-X vectors of a VF, which is the size of its table.
pub const VECTORS: usize = 3;

/// The bits of causes that there are.
const CAUSES: u32 = (1 << VECTORS) - 1;

/// Registers VTIVAR: two queues each.
const IVARS: usize = 4;

/// VTEITR: the interval, in units of 2 us at 10 Gbit/s (ITR interval, bits 11:3).
const EITR_INTERVAL: u32 = 0xff8;
const EITR_INTERVAL_SHIFT: u32 = 3;
/// VTEITR: low latency interrupts' fields, which are kept without an effect (bits 15, 20:16).
const EITR_LLI: u32 = 0x001f_8000;
/// VTEITR: the seven upper bits of the nine that count the interval down (bits 27:21).
const EITR_COUNTER: u32 = 0x0fe0_0000;
const EITR_COUNTER_SHIFT: u32 = 21;
/// VTEITR.CNT_WDIS: this write leaves the counter alone.
const EITR_KEEP_COUNTER: u32 = 1 << 31;
/// What one unit of the interval takes, in nanoseconds.
const EITR_UNIT: u64 = 2_000;

/// What wants to interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A receive queue has written something back.
    Rx(usize),
    /// A transmit queue has.
    Tx(usize),
    /// The PF did something with the mailbox.
    Mailbox,
}

/// What sends a vector's message.
pub(crate) type Message = Box<dyn Fn() + Send>;

/// One vector's throttle.
#[derive(Clone, Copy, Debug, Default)]
struct Throttle {
    /// The register, without its counter.
    register: u32,
    /// Until when its next message waits.
    until: u64,
}

impl Throttle {
    fn interval(self) -> u64 {
        u64::from((self.register & EITR_INTERVAL) >> EITR_INTERVAL_SHIFT) * EITR_UNIT
    }
}

/// The interrupt registers, and where messages go.
#[derive(Default)]
pub(crate) struct Interrupts {
    cause: u32,
    mask: u32,
    auto_clear: u32,
    auto_mask: u32,
    ivar: [u32; IVARS],
    ivar_misc: u32,
    throttles: [Throttle; VECTORS],
    /// Bits whose message was sent, and that are set and let through since.
    sent: u32,
    messages: Vec<Message>,
    /// How many messages were sent.
    pub(crate) delivered: u64,
    /// Messages are lost, by order.
    pub(crate) lost: bool,
}

impl fmt::Debug for Interrupts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupts")
            .field("cause", &self.cause)
            .field("mask", &self.mask)
            .field("delivered", &self.delivered)
            .finish_non_exhaustive()
    }
}

impl Interrupts {
    /// Everything as after power-on, but for where messages go.
    pub(crate) fn reset(&mut self) {
        *self = Interrupts {
            messages: std::mem::take(&mut self.messages),
            delivered: self.delivered,
            lost: self.lost,
            ..Interrupts::default()
        };
    }

    /// Where messages go from now on, by vector.
    pub(crate) fn set_messages(&mut self, mut messages: Vec<Message>) {
        messages.truncate(VECTORS);
        self.messages = messages;
    }

    /// Notes a cause. [`Interrupts::settle`] sends the message.
    pub(crate) fn raise(&mut self, cause: Cause) {
        let entry = match cause {
            Cause::Rx(queue) => self.queue_entry(queue, 0),
            Cause::Tx(queue) => self.queue_entry(queue, 1),
            Cause::Mailbox => self.ivar_misc,
        };
        if entry & regs::IVAR_VALID != 0 {
            self.cause |= 1 << (entry & regs::IVAR_VECTOR) & CAUSES;
        }
    }

    /// The entry of a queue: receive in the lower byte of its half of the register, transmit in the
    /// upper.
    fn queue_entry(&self, queue: usize, direction: usize) -> u32 {
        let register = self.ivar.get(queue / 2).copied().unwrap_or(0);
        register >> (16 * (queue % 2) + 8 * direction)
    }

    /// Sends what is due at `now`, if the function may send at all.
    pub(crate) fn settle(&mut self, now: u64, may_send: bool) {
        let asserted = self.cause & self.mask;
        self.sent &= asserted;
        if asserted == self.sent || !may_send {
            return;
        }
        for vector in 0..VECTORS {
            let is_due = (asserted & !self.sent) >> vector & 1 == 1;
            if is_due && now >= self.throttles[vector].until {
                self.send(vector, now);
            }
        }
    }

    fn send(&mut self, vector: usize, now: u64) {
        let bit = 1 << vector;
        let throttle = &mut self.throttles[vector];
        throttle.until = now.saturating_add(throttle.interval());
        self.cause &= !(self.auto_clear & bit);
        self.mask &= !(self.auto_mask & bit);
        self.sent =
            if self.cause & self.mask & bit == 0 { self.sent & !bit } else { self.sent | bit };
        if self.lost {
            return;
        }
        if let Some(message) = self.messages.get(vector) {
            self.delivered += 1;
            message();
        }
    }

    /// Reads a register; none of these has another effect than VTEICR's.
    pub(crate) fn read(&mut self, offset: usize, now: u64) -> Option<u32> {
        Some(match offset {
            regs::VTEICR => {
                self.sent = 0;
                std::mem::take(&mut self.cause)
            }
            regs::VTEIMS => self.mask,
            regs::VTEIAC => self.auto_clear,
            regs::VTEIAM => self.auto_mask,
            regs::VTIVAR_MISC => self.ivar_misc,
            regs::VTEICS | regs::VTEIMC => 0,
            _ => match (ivar(offset), eitr(offset)) {
                (Some(at), _) => self.ivar[at],
                (None, Some(vector)) => {
                    let throttle = self.throttles[vector];
                    let units = throttle.until.saturating_sub(now).div_ceil(EITR_UNIT) as u32;
                    throttle.register | (units >> 2 << EITR_COUNTER_SHIFT) & EITR_COUNTER
                }
                (None, None) => return None,
            },
        })
    }

    /// Writes a register. False if it is none of these.
    pub(crate) fn write(&mut self, offset: usize, value: u32, now: u64) -> bool {
        let causes = value & CAUSES;
        match offset {
            regs::VTEICR => self.cause &= !causes,
            regs::VTEICS => self.cause |= causes,
            regs::VTEIMS => self.mask |= causes,
            regs::VTEIMC => self.mask &= !causes,
            regs::VTEIAC => self.auto_clear = causes,
            regs::VTEIAM => self.auto_mask = causes,
            regs::VTIVAR_MISC => self.ivar_misc = value & (regs::IVAR_VALID | regs::IVAR_VECTOR),
            _ => match (ivar(offset), eitr(offset)) {
                (Some(at), _) => {
                    self.ivar[at] = value & (0x0101_0101 * (regs::IVAR_VALID | regs::IVAR_VECTOR));
                }
                (None, Some(vector)) => {
                    let throttle = &mut self.throttles[vector];
                    throttle.register = value & (EITR_INTERVAL | EITR_LLI);
                    if value & EITR_KEEP_COUNTER == 0 {
                        let counter = (value & EITR_COUNTER) >> EITR_COUNTER_SHIFT << 2;
                        throttle.until = now.saturating_add(u64::from(counter) * EITR_UNIT);
                    }
                }
                (None, None) => return false,
            },
        }
        true
    }
}

/// Which VTIVAR is at an offset.
fn ivar(offset: usize) -> Option<usize> {
    let at = offset.checked_sub(regs::VTIVAR)? / 4;
    (offset.is_multiple_of(4) && at < IVARS).then_some(at)
}

/// Whose VTEITR is at an offset.
fn eitr(offset: usize) -> Option<usize> {
    let vector = offset.checked_sub(regs::VTEITR)? / 4;
    (offset.is_multiple_of(4) && vector < VECTORS).then_some(vector)
}
