//! An adapter's side of the wire that keeps what it gets.

use softnic::uplink::Wire;
use softnic::{Facts, Mac};

/// VFs that can take so many frames each.
#[derive(Default)]
pub struct Vfs {
    pub room: Vec<usize>,
    /// No address: it cannot receive.
    pub closed: Vec<usize>,
    pub vlan: Option<u16>,
    /// What came, oldest first.
    pub frames: Vec<Vec<u8>>,
}

impl Vfs {
    pub fn with_room(room: &[usize]) -> Vfs {
        Vfs { room: room.to_vec(), ..Vfs::default() }
    }

    pub fn mac_of(vf: usize) -> Mac {
        [2, 0, 0, 0, 1, vf as u8]
    }
}

impl Wire for Vfs {
    fn vfs(&self) -> usize {
        self.room.len()
    }

    fn mac(&self, vf: usize) -> Option<Mac> {
        (!self.closed.contains(&vf)).then(|| Vfs::mac_of(vf))
    }

    fn vlan(&self, _vf: usize) -> Option<u16> {
        self.vlan
    }

    fn room(&self, vf: usize, _frame_len: usize) -> usize {
        self.room[vf]
    }

    fn deliver(&mut self, frame: &[u8], facts: &Facts) {
        assert!(frame.len() >= 60, "an Ethernet pads what it sends");
        assert_eq!(*facts, Facts::of(frame), "what is said of a frame is not true");
        for (vf, room) in self.room.iter_mut().enumerate() {
            if frame.starts_with(&Vfs::mac_of(vf)) {
                *room = room.saturating_sub(1);
            }
        }
        self.frames.push(frame.to_vec());
    }
}
