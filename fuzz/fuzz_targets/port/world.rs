//! The model devices, and what happens to them.

use std::sync::Arc;

use barline::dma::{PagePreference, PageSize};
use barline::transport::Transport;
use barline::{Arena, ArenaConfig, Layout};
use barline_device::Adapter;
use barline_fuzz::fake_vf::FakeVf;
use softnic::{Fault, MailboxMood, Spec};

use crate::case::Trouble;

/// A model device with its PF.
pub enum World {
    Igbvf(FakeVf),
    Ixgbevf(Adapter),
}

impl World {
    pub fn new(model: Option<&str>) -> World {
        let Some(model) = model else { return World::Igbvf(FakeVf::new("fuzz")) };
        let options = format!("model={model},vfs=1,uplink=loop,drive=caller,spoof=off");
        let spec = Spec::parse(&options).expect("they are right");
        World::Ixgbevf(Adapter::open(&spec).expect("it needs nothing"))
    }

    pub fn transport(&self) -> Arc<dyn Transport> {
        match self {
            World::Igbvf(fake) => fake.transport(),
            World::Ixgbevf(adapter) => adapter.transport(0).expect("nobody has it"),
        }
    }

    pub fn step(&self) {
        match self {
            World::Igbvf(fake) => fake.step(),
            World::Ixgbevf(adapter) => drop(adapter.step()),
        }
    }

    pub fn incoming(&self, frame: Vec<u8>) {
        match self {
            World::Igbvf(fake) => fake.model().incoming.push_back(frame),
            // What it sends comes back.
            World::Ixgbevf(_) => {}
        }
    }

    pub fn happen(&self, trouble: &Trouble) {
        match self {
            World::Igbvf(fake) => match trouble {
                Trouble::PfReset => fake.begin_pf_reset(),
                Trouble::PfReady => fake.end_pf_reset(),
                Trouble::Word(word) => fake.say(*word),
                Trouble::WantedBack => fake.notify_request(),
                Trouble::BusError => fake.notify_error(),
                Trouble::Link(up) => fake.model().link = if *up { 0x83 } else { 0x80 },
                Trouble::Lying(what, on) => {
                    let mut model = fake.model();
                    match what % 7 {
                        0 => model.hangs = *on,
                        1 => model.pf.silent = *on,
                        2 => model.pf.holds = *on,
                        3 => model.never_on = *on,
                        4 => model.gone = *on,
                        5 if *on => model.pf.unanswered.extend(1..=6),
                        5 => model.pf.unanswered.clear(),
                        _ => model.pf.generous = *on,
                    }
                }
            },
            World::Ixgbevf(adapter) => {
                let vf = 0;
                adapter.inject(match trouble {
                    // A reset takes the model's own time, which is not that of the input.
                    Trouble::PfReset | Trouble::PfReady | Trouble::Word(_) => return,
                    Trouble::WantedBack => Fault::WantedBack { vf },
                    Trouble::BusError => Fault::BusError { vf },
                    Trouble::Link(up) => Fault::Link { up: *up },
                    Trouble::Lying(what, on) => {
                        let moods =
                            [MailboxMood::Silent, MailboxMood::Refusing, MailboxMood::Holding];
                        let mood = moods[usize::from(what % 3)];
                        match what % 7 {
                            0 => Fault::AbsurdWritebacks { vf, on: *on },
                            1 => Fault::LostWritebacks { vf, on: *on },
                            2 => Fault::RepeatedWritebacks { vf, on: *on },
                            3 => Fault::LostInterrupts { vf, on: *on },
                            _ if *on => Fault::Mailbox { vf, mood },
                            _ => Fault::Mailbox { vf, mood: MailboxMood::Prompt },
                        }
                    }
                });
            }
        }
    }

    /// All troubles are over.
    pub fn mend(&self) {
        match self {
            World::Igbvf(fake) => {
                fake.end_pf_reset();
                let mut model = fake.model();
                (model.hangs, model.gone, model.never_on, model.link) = (false, false, false, 0x83);
                (model.pf.silent, model.pf.holds) = (false, false);
                model.pf.unanswered.clear();
                model.incoming.clear();
                model.sent.clear();
            }
            World::Ixgbevf(_) => {
                self.happen(&Trouble::Link(true));
                (0..7).for_each(|what| self.happen(&Trouble::Lying(what, false)));
            }
        }
    }

    /// Pieces of memory that the device reaches, where the model tells.
    pub fn mappings(&self) -> usize {
        match self {
            World::Igbvf(fake) => fake.space().mappings(),
            World::Ixgbevf(_) => 0,
        }
    }
}

/// Bytes of a buffer.
pub const ROOM: usize = 1024;

/// A small one: what a queue keeps that may not be off is kept for ever.
pub fn arena() -> Arena {
    let layout = Layout { data_room: ROOM, headroom: 128 };
    let pages = PagePreference::Only(PageSize::Ordinary);
    let config = ArenaConfig { buffers: 500, layout, rings: 16 * 4096, pages };
    Arena::new(config).expect("there is memory")
}
