//! What has to come of a packet.

use std::collections::VecDeque;

use barline_fuzz::model::{Ip, Sent, Traffic, check};

/// What was put into the batch.
#[derive(Clone, Debug)]
pub struct Queued {
    pub bytes: Vec<u8>,
    pub frames: usize,
    pub tag: Option<u16>,
    /// What was asked, and with which size of segments.
    pub asked: Option<(Traffic, Option<u16>)>,
    /// It has a frame without bytes.
    pub empty: bool,
}

impl Queued {
    /// Whether the ring may send it.
    pub fn may_go(&self, max_packet: usize, max_chain: usize) -> bool {
        let fits = match &self.asked {
            Some((traffic, Some(mss))) => {
                let headers = traffic.header_len();
                self.bytes.len() > headers && headers + usize::from(*mss) <= max_packet
            }
            _ => (17..=max_packet).contains(&self.bytes.len()),
        };
        fits && !self.empty && self.frames <= max_chain
    }

    /// Fails unless this is what has to come of it; takes as much as that is.
    pub fn compare(&self, sent: &mut VecDeque<Sent>) {
        let next = |sent: &mut VecDeque<Sent>| {
            let one = sent.pop_front().expect("a packet, or another segment of one");
            assert_eq!(one.vlan, self.tag);
            one
        };
        let first = next(sent);
        if first.early {
            // Reported before it was read, so the bytes may be anything; it goes out in one piece.
            return assert_eq!(first.bytes.len(), self.bytes.len());
        }
        let Some((traffic, mss)) = &self.asked else {
            return assert!(first.bytes == self.bytes, "another packet than was queued");
        };
        let (headers, ipv4) = (traffic.header_len(), matches!(traffic.ip, Ip::V4(_)));
        let mut payload = &self.bytes[headers..];
        let mut bytes = first.bytes;
        loop {
            check(&bytes, traffic, ipv4, true);
            let len = mss.map_or(payload.len(), |mss| payload.len().min(mss.into()));
            let (part, rest) = payload.split_at(len);
            assert!(bytes[headers..] == *part, "another payload than was queued");
            payload = rest;
            if payload.is_empty() {
                return;
            }
            bytes = next(sent).bytes;
        }
    }
}
