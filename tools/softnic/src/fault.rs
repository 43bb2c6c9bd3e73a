//! What can be made to go wrong, and what a PF's administrator can do while VFs run.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use crate::datapath::OneIn;
use crate::{Adapter, Mac, administrator};

/// How a PF behaves towards one VF's mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Something to happen to an adapter. What names a VF happens to that one, whichever process drives it:
/// at once in this process, else within a step of the other's. What is not the administrator's doing
/// happens to a VF that somebody drives, or not at all. The rest happens to the VFs of all processes,
/// but for what is said to be about this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        /// The VF.
        vf: usize,
        /// 1 to 4095.
        vlan: Option<u16>,
    },
    /// The administrator trusts a VF, or does no more.
    Trust {
        /// The VF.
        vf: usize,
        /// Which of the two.
        trusted: bool,
    },
    /// The administrator gives a VF an address, or takes it away. The VF learns of it when it greets.
    Address {
        /// The VF.
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
    /// A VF is pulled out: its registers read as all ones, and it reaches memory no more. No process can
    /// open it again.
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
    /// A VF's statistics registers stand so many packets and octets before they wrap around. A driver
    /// takes it for traffic.
    CountersNearWrap {
        /// The VF.
        vf: usize,
        /// How many are missing to the next 0.
        short: u32,
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
            Fault::DropOneIn(every) => self.datapath.mischief.drop = OneIn::new(every),
            Fault::DuplicateOneIn(every) => self.datapath.mischief.duplicate = OneIn::new(every),
            Fault::SwapOneIn(every) => self.datapath.mischief.swap = OneIn::new(every),
            Fault::CorruptOneIn(every) => self.datapath.mischief.corrupt = OneIn::new(every),
            Fault::UplinkHeld { on } => self.uplink_held = on,
            Fault::Mailbox { vf, .. }
            | Fault::AbsurdWritebacks { vf, .. }
            | Fault::LostWritebacks { vf, .. }
            | Fault::RepeatedWritebacks { vf, .. }
            | Fault::LostInterrupts { vf, .. }
            | Fault::Removal { vf }
            | Fault::WantedBack { vf }
            | Fault::BusError { vf }
            | Fault::CountersNearWrap { vf, .. }
                if self.function(vf).is_some() =>
            {
                self.suffer(vf, fault);
            }
            // A VF that nobody drives is none to break, and what could not be changed is logged.
            _ => _ = administrator::order(&mut self.plane, fault),
        }
    }

    /// What other processes have ordered to happen to a VF of this one since that was last looked at.
    pub(crate) fn obey(&mut self, vf: usize) {
        let Some(seen) = self.function(vf).map(|function| function.ordered) else { return };
        let port = self.plane.port(vf);
        for (number, fault) in port.orders.into_iter().filter(|(number, _)| *number > seen) {
            self.suffer(vf, fault);
            if let Some(function) = self.function(vf) {
                function.ordered = number;
            }
        }
    }

    /// Something happens to a VF that this process drives.
    fn suffer(&mut self, vf: usize, fault: Fault) {
        if let Fault::Mailbox { mood, .. } = fault {
            self.with_pf(vf, |pf| pf.change_mood(mood));
        } else if let Some(function) = self.function(vf) {
            function.suffer(fault);
            if function.removed {
                self.plane.update(vf, |port| port.removed = true);
            }
        }
    }
}
