//! What the watcher does when it looks: hears the PF, recovers, sees to the link.

use std::time::{Duration, Instant};

use super::State;
use crate::nic::Vf;
use crate::port::device::Device;
use crate::port::event::Event;
use crate::{Error, LinkState};

/// How long a device may read all ones until it is taken for gone: it does so in the middle of
/// resets, too.
const GONE: Duration = Duration::from_secs(2);

/// How long a PF may be in reset until it is told of.
const SILENCE: Duration = Duration::from_secs(1);

impl State {
    /// Looks at the device once.
    pub(super) fn look(&mut self) {
        let device = self.device.clone();
        if device.control.book(|book| book.gone) {
            return;
        }
        if !self.hear(&device) {
            match self.missing {
                None => self.recover(&device),
                Some(since) if since.elapsed() >= GONE => {
                    device.control.book(|book| book.gone = true);
                    self.tell(Event::Gone);
                }
                Some(_) => {}
            }
        }
        self.look_at_link(&device);
        device.control.with_soon(|vf, book| {
            if let (Some(vf), true) = (vf, book.ready) {
                self.look_for_stalls(vf, book);
            }
        });
    }

    /// Hears what the PF has to say; whether the queues can be used.
    fn hear(&mut self, device: &Device) -> bool {
        let ask = |vf: &mut dyn Vf, ()| Ok(vf.news());
        let heard = device.control.talk(
            |_| Ok(()),
            ask,
            |book, news| {
                let lost = book.ready && !matches!(news, Ok(news) if !news.pf_reset);
                if lost {
                    device.lose_queues(book);
                }
                (news, lost, book.ready)
            },
        );
        let Ok((news, lost, ready)) = heard else { return false };
        self.missing = match news {
            Err(Error::Gone { .. }) => self.missing.or_else(|| Some(Instant::now())),
            _ => None,
        };
        if lost {
            device.tally.pf_resets.up();
            self.tell(Event::PfReset);
        }
        ready
    }

    fn recover(&mut self, device: &Device) {
        let tally = &device.tally;
        let since = *self.failing.get_or_insert_with(Instant::now);
        match device.recover() {
            Ok(events) => {
                tally.recoveries.up();
                (self.failing, self.silent) = (None, false);
                self.stalls.clear();
                for event in events {
                    if matches!(event, Event::SettingLost { .. }) {
                        tally.settings_lost.up();
                    }
                    self.tell(event);
                }
                return self.tell(Event::Recovered);
            }
            // It is looked at for a while, and told if it stays so.
            Err(Error::Gone { .. }) => {}
            Err(error) if !self.silent && since.elapsed() >= SILENCE => {
                self.silent = true;
                self.tell(Event::PfSilent { reason: error.to_string() });
            }
            Err(error) => {
                tracing::debug!(device = device.transport.name(), %error, "still no PF");
            }
        }
        tally.failed_recoveries.up();
    }

    fn look_at_link(&mut self, device: &Device) {
        let seen = device.control.talk(
            |book| Ok(book.ready),
            |vf, ready| Ok(if ready { vf.link() } else { LinkState::Down }),
            |book, link| {
                // What was lost meanwhile has none.
                book.link = if book.ready { link } else { LinkState::Down };
                book.link
            },
        );
        if let Ok(link) = seen
            && link != self.link
        {
            self.link = link;
            self.tell(Event::Link(link));
        }
    }
}
