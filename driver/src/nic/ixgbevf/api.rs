//! What a PF can be asked for: the version of the mailbox API, and the queues that it grants.

use super::{Ixgbevf, messages, regs};
use crate::{Error, Result};

/// A version of the mailbox API, as Linux numbers them. 2.0 was Solaris's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Api {
    V1_0 = 0,
    V1_1 = 2,
    V1_2 = 3,
    V1_3 = 4,
    V1_4 = 5,
    V1_6 = 7,
}

/// Those to ask for, newest first. 1.0 needs no asking. Two are left out: 1.5 is 1.4 with other rules
/// for holding the mailbox, which VMware's PF wants to be asked for; 1.7 only adds a way to ask for
/// those rules and for IPsec, neither of which is wanted here.
const OFFERED: [Api; 5] = [Api::V1_6, Api::V1_4, Api::V1_3, Api::V1_2, Api::V1_1];

/// Queues that a VF is granted by a PF that does not say: what API 1.0 knew.
const UNTOLD: u16 = 1;

/// What a PF grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Granted {
    /// Queue pairs.
    pub(super) queues: u16,
    /// The PF's administrator has put the VF into a VLAN, and its tag is not the VF's business.
    pub(super) port_vlan: bool,
}

impl Default for Granted {
    fn default() -> Granted {
        Granted { queues: UNTOLD, port_vlan: false }
    }
}

impl Ixgbevf {
    /// Agrees with the PF on an API, after the greeting: until then it is 1.0.
    pub(super) fn negotiate(&mut self) -> Result<Api> {
        for api in OFFERED {
            if self.pf.try_ask(&[messages::API_NEGOTIATE, api as u32])?.is_some() {
                return Ok(api);
            }
        }
        Ok(Api::V1_0)
    }

    /// Asks how many queues the VF has.
    pub(super) fn ask_queues(&mut self) -> Result<Granted> {
        if self.api < Api::V1_1 {
            return Ok(Granted::default());
        }
        let Some(answer) = self.pf.try_ask(&[messages::GET_QUEUES])? else {
            return Ok(Granted::default());
        };
        let classes = answer[messages::TRANSPARENT_VLAN];
        if classes > 1 {
            tracing::warn!(
                device = self.registers.device(),
                classes,
                "the PF sorts packets into queues by traffic class; those of a class whose queue is not in use are lost"
            );
        }
        Ok(granted(&answer))
    }

    /// Checks that the queues that are in use are granted.
    pub(super) fn check_queues(&self) -> Result<()> {
        let granted = self.granted.queues;
        for (key, count) in [("rx_queues", self.used.rx), ("tx_queues", self.used.tx)] {
            if count > granted {
                return Err(Error::Config {
                    key,
                    value: count.to_string(),
                    allowed: format!(
                        "{}: the PF grants this VF {granted}; one with fewer VFs may grant more, as may a newer driver",
                        self.registers.device()
                    ),
                });
            }
        }
        Ok(())
    }
}

/// What GET_QUEUES's answer says, made possible.
fn granted(answer: &[u32]) -> Granted {
    let queues = answer[messages::TX_QUEUES].min(answer[messages::RX_QUEUES]);
    let sane = (1..=u32::from(regs::QUEUES)).contains(&queues);
    Granted {
        queues: if sane { (queues as u16).min(super::QUEUES) } else { UNTOLD },
        port_vlan: answer[messages::TRANSPARENT_VLAN] == 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_is_possible() {
        let granted = |tx, rx, vlan| granted(&[0, tx, rx, vlan, 0]);
        assert_eq!(granted(2, 2, 0), Granted { queues: 2, port_vlan: false });
        assert_eq!(granted(4, 2, 1), Granted { queues: 2, port_vlan: true });
        assert_eq!(granted(8, 8, 8), Granted { queues: 4, port_vlan: false });
        for absurd in [0, 9, u32::MAX] {
            assert_eq!(granted(absurd, absurd, 0).queues, 1);
        }
    }
}
