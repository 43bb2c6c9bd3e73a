//! Linux's ixgbevf: `ixgbevf_probe`, `ixgbevf_open`, its watchdog, and its configuration of interrupts
//! (`ixgbevf_main.c`, `vf.c`).

use softnic::{Adapter, Fault};

use super::mailbox_user::{MailboxUser, PFSTS, RSTD, RSTI};
use super::{MILLISECOND, adapter};

const ENABLE: u32 = 1 << 25;

/// A network interface.
struct Interface {
    mailbox: MailboxUser,
    is_82599: bool,
    api: u32,
    queues: usize,
    link_wanted: bool,
}

impl Interface {
    /// `ixgbevf_probe`.
    fn probe(adapter: &mut Adapter, vf: usize, device: u16) -> Interface {
        adapter.open(vf).unwrap();
        adapter.reset(vf);
        adapter.config_write(vf, 4, &[4, 0]);
        let mut interface = Interface {
            mailbox: MailboxUser::new(vf),
            is_82599: device == 0x10ed,
            api: 0,
            queues: 1,
            link_wanted: true,
        };
        assert!(interface.reset(adapter), "PF still in reset state");
        interface
    }

    /// `ixgbevf_reset_hw_vf` and `ixgbevf_negotiate_api`. False while the PF is in reset.
    fn reset(&mut self, adapter: &mut Adapter) -> bool {
        let Some(greeting) = self.mailbox.try_reset(adapter) else { return false };
        assert!(matches!(greeting[0], 0x8000_0001 | 0x4000_0001), "{:#x}", greeting[0]);
        let newest_first = [8, 7, 6, 5, 4, 3, 2, 0];
        let agreed = newest_first.into_iter().find(|api| {
            let answer = self.mailbox.ask(adapter, &[8, *api, 0]);
            answer[0] & !(1 << 29) == 0x8000_0008
        });
        self.api = agreed.expect("no API in common");
        if self.api == 8 {
            let features = self.mailbox.ask(adapter, &[0x12, 3]);
            assert_eq!(features[..2], [0xa000_0012, 0], "no IPsec, none of ESX's mailbox");
        }
        if self.api >= 2 {
            self.queues = self.mailbox.ask(adapter, &[9, 0, 0, 0, 0])[1] as usize;
        }
        true
    }

    /// `ixgbevf_open`: queues, vectors, address, modes.
    fn open(&mut self, adapter: &mut Adapter, frame: u32) {
        let vf = self.mailbox.vf;
        let filters = [vec![4 | 1 << 16, 0], vec![6, 0, 0], vec![3 | 1 << 16, 0x0fb], vec![12, 1]];
        for filter in &filters {
            let wanted = filter[0] != 12 || self.api >= 3;
            let done = self.mailbox.ask(adapter, filter)[0] & 1 << 31 != 0;
            assert_eq!(done, wanted, "{filter:x?} with API number {}", self.api);
        }
        self.turn_on(adapter, 0x2028, 0x0301_0820);
        assert_eq!(self.mailbox.ask(adapter, &[5, frame])[0], 0xa000_0005);
        self.turn_on(adapter, 0x1028, 1 << 30);
        // One vector for queues, the next for the mailbox.
        for queue in 0..self.queues {
            let register = 0x120 + 4 * (queue / 2);
            let shift = 16 * (queue % 2);
            let others = adapter.read(vf, register) & !(0xffff << shift);
            adapter.write(vf, register, others | 0x8080 << shift);
        }
        adapter.write(vf, 0x140, 0x81);
        adapter.write(vf, 0x820, 200 | 1 << 31);
        for register in [0x114, 0x110, 0x108] {
            adapter.write(vf, register, 3);
        }
        if self.api >= 3 {
            assert_eq!(self.mailbox.ask(adapter, &[16, 0])[1], 1, "not administratively disabled");
        }
        self.link_wanted = true;
    }

    /// `ixgbevf_configure_tx_ring` or `_rx_ring` of each queue.
    fn turn_on(&mut self, adapter: &mut Adapter, control: usize, value: u32) {
        for queue in 0..self.queues {
            let base = control - 0x28 + 0x40 * queue;
            let off = adapter.read(self.mailbox.vf, base + 0x28) & !ENABLE;
            adapter.write(self.mailbox.vf, base + 0x28, off);
            for (offset, value) in
                [(0x00, 0x8_0000), (0x04, 0), (0x08, 0x1000), (0x10, 0), (0x18, 0)]
            {
                adapter.write(self.mailbox.vf, base + offset, value);
            }
            adapter.write(self.mailbox.vf, base + 0x28, off | value | ENABLE);
            assert_ne!(adapter.read(self.mailbox.vf, base + 0x28) & ENABLE, 0);
        }
    }

    /// `ixgbevf_check_mac_link_vf`: the link, or an error where the VF must be reset.
    fn check_link(&mut self, adapter: &mut Adapter) -> Result<bool, ()> {
        if self.mailbox.shows(adapter, RSTI | RSTD) {
            self.link_wanted = true;
        }
        if !self.link_wanted {
            return Ok(true);
        }
        let reads = if self.is_82599 { 6 } else { 1 };
        let up = (0..reads).all(|_| adapter.read(self.mailbox.vf, 0x10) & 1 << 30 != 0);
        if !up || !self.mailbox.lock(adapter) {
            return Ok(false);
        }
        let message = self.mailbox.words(adapter)[0];
        adapter.write(self.mailbox.vf, 0x2fc, 2);
        if message & 1 << 29 == 0 {
            return if message & 1 << 30 != 0 { Err(()) } else { Ok(false) };
        }
        self.link_wanted = false;
        Ok(true)
    }
}

#[test]
fn an_interface_is_probed_opened_and_has_a_link() {
    let devices =
        [("82599", 0x10ed), ("x540", 0x1515), ("x550", 0x1565), ("x552", 0x15a8), ("x553", 0x15c5)];
    for (model, device) in devices {
        for (api, number) in [("1.1", 2), ("1.3", 4), ("1.7", 8)] {
            let mut adapter = adapter(&format!("model={model},api={api},vfs=4"));
            let mut interface = Interface::probe(&mut adapter, 3, device);
            assert_eq!((interface.api, interface.queues), (number, 4));
            interface.open(&mut adapter, 1518);
            adapter.step(MILLISECOND);
            assert_eq!(interface.check_link(&mut adapter), Ok(true), "{model}, {api}");
        }
    }
}

#[test]
fn an_interface_without_an_address_takes_one_at_random() {
    let mut adapter = adapter("mac=zero");
    let mut interface = Interface::probe(&mut adapter, 0, 0x10ed);
    assert_eq!(interface.mailbox.ask(&mut adapter, &[2, 0x3322_1106, 0x5544])[0], 0xa000_0002);
    interface.open(&mut adapter, 1518);
}

#[test]
fn the_watchdog_finds_a_pf_reset_and_resets_the_interface() {
    let mut adapter = adapter("");
    let mut interface = Interface::probe(&mut adapter, 0, 0x10ed);
    interface.open(&mut adapter, 1518);
    adapter.step(MILLISECOND);
    assert_eq!(interface.check_link(&mut adapter), Ok(true));
    adapter.inject(Fault::PfReset);
    let (mut now, mut resets) = (MILLISECOND, 0);
    // The mailbox interrupt sets get_link_status; then it is looked at every few milliseconds.
    interface.link_wanted = true;
    for _ in 0..20 {
        now += 2 * MILLISECOND;
        adapter.step(now);
        match interface.check_link(&mut adapter) {
            Err(()) => {
                resets += 1;
                if interface.reset(&mut adapter) {
                    interface.open(&mut adapter, 1518);
                }
            }
            Ok(true) if resets > 0 => break,
            Ok(_) => (),
        }
    }
    assert!(resets > 0, "\"message without CTS and with a refusal\" was never seen");
    assert_eq!(interface.check_link(&mut adapter), Ok(true));
    assert_eq!(adapter.read(0, 0x1028) & ENABLE, ENABLE);
}

#[test]
fn an_interface_survives_its_link() {
    let mut adapter = adapter("model=x540");
    let mut interface = Interface::probe(&mut adapter, 0, 0x1515);
    interface.open(&mut adapter, 9018);
    adapter.step(MILLISECOND);
    assert_eq!(interface.check_link(&mut adapter), Ok(true));
    for (round, up) in [(2, false), (3, true), (4, false), (5, true)] {
        adapter.inject(Fault::Link { up });
        adapter.step(round * MILLISECOND);
        assert!(interface.mailbox.shows(&mut adapter, PFSTS), "a ping");
        interface.link_wanted = true;
        assert_eq!(interface.check_link(&mut adapter), Ok(up));
    }
}

#[test]
fn e610_asks_for_its_link() {
    let mut adapter = adapter("model=e610");
    let mut interface = Interface::probe(&mut adapter, 0, 0x57ad);
    interface.open(&mut adapter, 1518);
    let mut ask = |adapter: &mut Adapter| interface.mailbox.ask(adapter, &[17, 0, 0]);
    assert_eq!(ask(&mut adapter)[1..3], [0x80, 1]);
    adapter.inject(Fault::Link { up: false });
    adapter.step(MILLISECOND);
    assert_eq!(ask(&mut adapter)[1..3], [0, 0]);
}
