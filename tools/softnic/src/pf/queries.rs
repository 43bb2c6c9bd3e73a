//! What a VF may know.

use super::message::Api;
use super::{Pf, Refused, rss};
use crate::function::WORDS;

/// Speed of the link, as the PF's driver numbers it (IXGBE_LINK_SPEED_10GB_FULL).
const SPEED_10G: u32 = 0x80;

impl Pf<'_> {
    /// API_NEGOTIATE: from 1.0 to the PF's newest.
    pub(super) fn negotiate(&mut self, number: u32) -> Result<(), Refused> {
        self.function.session.api = Api::from_number(number, self.spec.api).ok_or(Refused)?;
        Ok(())
    }

    /// GET_QUEUES: transmit and receive queues, whether the PF tags the VF's frames, the first queue.
    pub(super) fn tell_queues(&mut self, message: &mut [u32; WORDS]) -> Result<(), Refused> {
        self.needs(Api::QUEUES)?;
        let queues = self.spec.queues() as u32;
        let tagged = self.plane.port(self.vf()).port_vlan.is_some();
        message[1..5].copy_from_slice(&[queues, queues, tagged.into(), 0]);
        Ok(())
    }

    /// GET_RETA: the table of 128 entries, two bits each.
    pub(super) fn tell_table(&mut self, message: &mut [u32; WORDS]) -> Result<(), Refused> {
        self.may_know_rss()?;
        message[1..=rss::TABLE_WORDS].copy_from_slice(&rss::packed_table());
        Ok(())
    }

    /// GET_RSS_KEY: the 40 bytes of the key, in ten words.
    pub(super) fn tell_key(&mut self, message: &mut [u32; WORDS]) -> Result<(), Refused> {
        self.may_know_rss()?;
        for (word, bytes) in message[1..].iter_mut().zip(rss::KEY.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        Ok(())
    }

    /// VFs of the 82599 and X540 share the PF's key and table, and know them if the administrator lets
    /// them.
    fn may_know_rss(&self) -> Result<(), Refused> {
        let open = self.spec.rss_query && !self.function.generation.own_rss;
        if open { self.needs(Api::MODES) } else { Err(Refused) }
    }

    /// GET_LINK_STATE: whether the administrator lets the VF have a link at all.
    pub(super) fn tell_link_enabled(&mut self, message: &mut [u32]) -> Result<(), Refused> {
        self.needs(Api::MODES)?;
        message[1] = 1;
        Ok(())
    }

    /// GET_PF_LINK_STATE: speed and state, for VFs that cannot read them from a register.
    pub(super) fn tell_link(&mut self, message: &mut [u32]) -> Result<(), Refused> {
        self.needs(Api::PF_LINK)?;
        if !self.function.generation.link_by_mailbox {
            return Err(Refused);
        }
        let up = self.function.link.is_up();
        message[1] = if up { SPEED_10G } else { 0 };
        message[2] = up.into();
        Ok(())
    }

    /// FEATURES_NEGOTIATE: what both know of IPsec and of ESX's mailbox, which is nothing here.
    pub(super) fn tell_features(&mut self, message: &mut [u32]) -> Result<(), Refused> {
        self.needs(Api::FEATURES)?;
        message[1] = 0;
        Ok(())
    }
}
