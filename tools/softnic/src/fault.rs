//! What can be made to go wrong, and what a PF's administrator can do while VFs run.

use std::num::NonZeroU64;

use crate::datapath::OneIn;
use crate::{Adapter, Mac, administrator};

/// How a PF behaves towards one VF's mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailboxMood {
    /// It answers at once.
    #[default]
    Prompt,
    /// It acknowledges and answers only so many nanoseconds later.
    Late(u64),
    /// It does not even acknowledge.
    Silent,
    /// It refuses every request but the greeting.
    Refusing,
    /// It has taken the buffer and does not let go of it.
    Holding,
}

/// Something to happen to an adapter. What names a VF happens to a VF that this process drives, or not
/// at all; the rest happens to the VFs of all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The PF resets itself: all VFs see it, their queues stop, and the PF knows none of them after it.
    PfReset,
    /// The PF's interface goes down, which is a reset that does not end, or comes up again.
    PfInterface {
        /// Which of the two.
        up: bool,
    },
    /// The wire loses its link, or gains it.
    Link {
        /// Which of the two.
        up: bool,
    },
    /// The administrator puts a VF into a VLAN, or takes it out.
    PortVlan {
        /// The VF, driven by whichever process.
        vf: usize,
        /// 1 to 4095.
        vlan: Option<u16>,
    },
    /// The administrator trusts a VF, or does no more.
    Trust {
        /// The VF, driven by whichever process.
        vf: usize,
        /// Which of the two.
        trusted: bool,
    },
    /// The administrator gives a VF an address, or takes it away. The VF learns of it when it greets.
    Address {
        /// The VF, driven by whichever process.
        vf: usize,
        /// The address.
        mac: Option<Mac>,
    },
    /// The PF changes how it answers a VF.
    Mailbox {
        /// The VF.
        vf: usize,
        /// From now on.
        mood: MailboxMood,
    },
    /// A VF's write-backs say what cannot be: lengths, ends and errors that no packet has.
    AbsurdWritebacks {
        /// The VF.
        vf: usize,
        /// From now on, or no more.
        on: bool,
    },
    /// A VF's write-backs are not made: its descriptors are used up, and it never learns of it.
    LostWritebacks {
        /// The VF.
        vf: usize,
        /// From now on, or no more.
        on: bool,
    },
    /// A VF's write-backs are made once more on the descriptor behind, which is not done at all.
    RepeatedWritebacks {
        /// The VF.
        vf: usize,
        /// From now on, or no more.
        on: bool,
    },
    /// A VF's interrupt messages get lost.
    LostInterrupts {
        /// The VF.
        vf: usize,
        /// From now on, or no more.
        on: bool,
    },
    /// A VF is pulled out: its registers read as all ones, and it reaches memory no more. It cannot be
    /// opened again.
    Removal {
        /// The VF.
        vf: usize,
    },
    /// The kernel asks for a VF back ([`crate::Notice::Request`]).
    WantedBack {
        /// The VF.
        vf: usize,
    },
    /// A VF's bus reports an error ([`crate::Notice::Error`]).
    BusError {
        /// The VF.
        vf: usize,
    },
    /// Of the frames that go to a receive queue of a VF that this process drives, one in so many is
    /// dropped; none with `None`. To see whether a check notices.
    DropOneIn(Option<NonZeroU64>),
    /// The same, but that it is delivered twice.
    DuplicateOneIn(Option<NonZeroU64>),
    /// The same, but that it is delivered after the next one for its VF.
    SwapOneIn(Option<NonZeroU64>),
    /// The same, but that a bit of its last byte is flipped, and no checksum shows it.
    CorruptOneIn(Option<NonZeroU64>),
    /// What is at the other end of the wire, if this process has the wire, sends nothing, or goes on.
    /// A generator goes on where it was; what comes from outside waits there.
    UplinkHeld {
        /// From now on, or no more.
        on: bool,
    },
}

impl Adapter {
    /// Makes something happen.
    pub fn inject(&mut self, fault: Fault) {
        match fault {
            Fault::PfReset
            | Fault::PfInterface { .. }
            | Fault::Link { .. }
            | Fault::PortVlan { .. }
            | Fault::Trust { .. }
            | Fault::Address { .. } => {
                // What could not be changed, the plane has logged.
                _ = administrator::order(&mut self.plane, fault);
            }
            Fault::DropOneIn(every) => self.datapath.mischief.drop = OneIn::new(every),
            Fault::DuplicateOneIn(every) => self.datapath.mischief.duplicate = OneIn::new(every),
            Fault::SwapOneIn(every) => self.datapath.mischief.swap = OneIn::new(every),
            Fault::CorruptOneIn(every) => self.datapath.mischief.corrupt = OneIn::new(every),
            Fault::UplinkHeld { on } => self.uplink_held = on,
            Fault::Mailbox { vf, mood } => self.with_pf(vf, |pf| pf.change_mood(mood)),
            Fault::AbsurdWritebacks { vf, .. }
            | Fault::LostWritebacks { vf, .. }
            | Fault::RepeatedWritebacks { vf, .. }
            | Fault::LostInterrupts { vf, .. }
            | Fault::Removal { vf }
            | Fault::WantedBack { vf }
            | Fault::BusError { vf } => {
                if let Some(function) = self.function(vf) {
                    function.suffer(fault);
                    self.removed[vf] |= matches!(fault, Fault::Removal { .. });
                }
            }
        }
    }
}
