//! DPDK's ixgbevf: `eth_ixgbevf_dev_init`, `ixgbevf_dev_start`, `ixgbevf_dev_interrupt_handler`,
//! `ixgbevf_check_link` and `ixgbevf_dev_stop` (`ixgbe_ethdev.c`, `ixgbe_rxtx.c`, `base/ixgbe_vf.c`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use softnic::{Adapter, Fault};

use super::mailbox_user::{MailboxUser, PFSTS, RSTD, RSTI};
use super::{MILLISECOND, adapter};

const VFCTRL: usize = 0x0;
const VFSTATUS: usize = 0x8;
const VFLINKS: usize = 0x10;
const VTEICR: usize = 0x100;
const VTEIMS: usize = 0x108;
const VTEIMC: usize = 0x10c;
const VTEIAC: usize = 0x110;
const VTEIAM: usize = 0x114;
const VTIVAR_MISC: usize = 0x140;
const VFMBMEM: usize = 0x200;
const VFPSRTYPE: usize = 0x300;
const VTEITR: usize = 0x820;
const RST: u32 = 1 << 26;
const ENABLE: u32 = 1 << 25;

const fn rx(queue: usize, register: usize) -> usize {
    0x1000 + 0x40 * queue + register
}

const fn tx(queue: usize, register: usize) -> usize {
    0x2000 + 0x40 * queue + register
}

/// A port of testpmd.
struct Port {
    mailbox: MailboxUser,
    queues: usize,
    tagged_by_pf: bool,
    mac: Option<[u32; 2]>,
    link_wanted: bool,
    interrupted: Arc<AtomicBool>,
    reset_event: bool,
}

impl Port {
    /// `eth_ixgbevf_dev_init`.
    fn init(adapter: &mut Adapter, vf: usize) -> Port {
        adapter.open(vf).unwrap();
        adapter.config_write(vf, 4, &[4, 0]);
        let mut port = Port {
            mailbox: MailboxUser::new(vf),
            queues: 2,
            tagged_by_pf: false,
            mac: None,
            link_wanted: true,
            interrupted: Arc::default(),
            reset_event: false,
        };
        adapter.write(vf, VTEIMC, 7);
        port.reset_hw(adapter).unwrap();
        // ixgbevf_get_queues asks from API 1.1 on, which has number 2.
        if port.negotiate(adapter) >= 2 {
            let answer = port.mailbox.ask(adapter, &[9, 0, 0, 0, 0]);
            assert_eq!((answer[0], answer[4]), (0xa000_0009, 0));
            assert_eq!(answer[1], answer[2]);
            (port.queues, port.tagged_by_pf) = (answer[1] as usize, answer[3] == 1);
        }
        if port.mac.is_none() {
            let answer = port.mailbox.ask(adapter, &[2, 0x12c0_0902, 0x3456]);
            assert_eq!(answer[0], 0xa000_0002, "ixgbe_set_rar_vf");
        }
        let message = Arc::clone(&port.interrupted);
        adapter.set_vectors(vf, vec![Box::new(move || message.store(true, Relaxed))]);
        port.interrupts_on(adapter);
        port
    }

    /// `ixgbe_reset_hw_vf`. An error where the PF stays in reset.
    fn reset_hw(&mut self, adapter: &mut Adapter) -> Result<(), &'static str> {
        let vf = self.mailbox.vf;
        // ixgbe_stop_adapter_vf.
        adapter.write(vf, VTEIMC, 7);
        adapter.read(vf, VTEICR);
        for queue in 0..self.queues {
            adapter.write(vf, tx(queue, 0x28), 1 << 26);
            let control = adapter.read(vf, rx(queue, 0x28));
            adapter.write(vf, rx(queue, 0x28), control & !ENABLE);
        }
        adapter.write(vf, VFPSRTYPE, 0);
        adapter.read(vf, VFSTATUS);
        adapter.write(vf, VFCTRL, RST);
        adapter.read(vf, VFSTATUS);
        if !(0..200).any(|_| !self.mailbox.shows(adapter, RSTI | RSTD)) {
            return Err("IXGBE_ERR_RESET_FAILED");
        }
        // ixgbe_virt_clr_reg.
        for queue in 0..8 {
            for (offset, value) in [(0x10, 0), (0x18, 0), (0x28, 0), (0x14, 0x402), (0x0c, 0xa200)]
            {
                adapter.write(vf, rx(queue, offset), value);
            }
            for (offset, value) in
                [(0x10, 0), (0x18, 0), (0x28, 0), (0x3c, 0), (0x38, 0), (0x0c, 0x2a00)]
            {
                adapter.write(vf, tx(queue, offset), value);
            }
        }
        let answer = self.mailbox.ask(adapter, &[1]);
        match answer[0] {
            0x8000_0001 => self.mac = Some([answer[1], answer[2]]),
            0x4000_0001 => self.mac = None,
            other => panic!("IXGBE_ERR_INVALID_MAC_ADDR: {other:#x}"),
        }
        assert_eq!(answer[3], 0, "mc_filter_type");
        Ok(())
    }

    /// `ixgbevf_negotiate_api`: 1.3 first, then what is older.
    fn negotiate(&mut self, adapter: &mut Adapter) -> u32 {
        let agreed = [4, 3, 2, 0].into_iter().find(|api| {
            let answer = self.mailbox.ask(adapter, &[8, *api, 0]);
            answer[0] & !(1 << 29) == 0x8000_0008
        });
        agreed.expect("no API in common")
    }

    fn interrupts_on(&mut self, adapter: &mut Adapter) {
        for register in [VTEIAM, VTEIAC, VTEIMS] {
            adapter.write(self.mailbox.vf, register, 3);
        }
        adapter.read(self.mailbox.vf, VFSTATUS);
    }

    /// `ixgbevf_dev_start`, with two queues of 512 descriptors in each direction.
    fn start(&mut self, adapter: &mut Adapter, frame: u32) {
        let vf = self.mailbox.vf;
        self.reset_hw(adapter).unwrap();
        self.link_wanted = true;
        self.negotiate(adapter);
        for queue in 0..2 {
            for (offset, value) in
                [(0x00, 0x10_0000), (0x04, 1), (0x08, 0x2000), (0x10, 0), (0x18, 0)]
            {
                adapter.write(vf, tx(queue, offset), value);
            }
            let control = adapter.read(vf, tx(queue, 0x0c));
            adapter.write(vf, tx(queue, 0x0c), control & !(1 << 11));
        }
        let answer = self.mailbox.ask(adapter, &[5, frame]);
        assert_eq!(answer[0], 0xa000_0005, "ixgbevf_rlpml_set_vf");
        for queue in 0..2 {
            for (offset, value) in
                [(0x00, 0x20_0000), (0x04, 1), (0x08, 0x2000), (0x10, 0), (0x18, 0)]
            {
                adapter.write(vf, rx(queue, offset), value);
            }
            adapter.write(vf, rx(queue, 0x14), 0x0200_0002);
        }
        adapter.write(vf, VFPSRTYPE, 1 << 29);
        assert_eq!(adapter.read(vf, VFPSRTYPE), 1 << 29);
        for queue in 0..2 {
            for enable in [0, ENABLE] {
                let control = adapter.read(vf, tx(queue, 0x28));
                adapter.write(vf, tx(queue, 0x28), control | 32 | enable);
            }
            assert_ne!(adapter.read(vf, tx(queue, 0x28)) & ENABLE, 0, "Could not enable Tx Queue");
            let control = adapter.read(vf, rx(queue, 0x28));
            adapter.write(vf, rx(queue, 0x28), control | ENABLE);
            assert_ne!(adapter.read(vf, rx(queue, 0x28)) & ENABLE, 0, "Could not enable Rx Queue");
            adapter.write(vf, rx(queue, 0x18), 511);
        }
        // ixgbevf_configure_msix.
        let misc = adapter.read(vf, VTIVAR_MISC);
        adapter.write(vf, VTIVAR_MISC, misc & !0xff | 0x80);
        adapter.write(vf, VTEITR, 0x7d << 3 | 1 << 31);
        self.interrupts_on(adapter);
    }

    /// `ixgbevf_check_link`: the link, if the register and a message of the PF agree on it.
    fn link(&mut self, adapter: &mut Adapter) -> bool {
        if self.mailbox.shows(adapter, RSTI | RSTD) {
            self.link_wanted = true;
        }
        let up = (0..6).all(|_| adapter.read(self.mailbox.vf, VFLINKS) & 1 << 30 != 0);
        if !self.link_wanted || !up {
            return !self.link_wanted;
        }
        // The legacy way of reading looks at what stands in the buffer.
        assert!(self.mailbox.lock(adapter));
        let message = self.mailbox.words(adapter)[0];
        adapter.write(self.mailbox.vf, 0x2fc, 2);
        self.link_wanted = message & 1 << 29 == 0;
        !self.link_wanted
    }

    /// `ixgbevf_dev_interrupt_handler`, if it was interrupted.
    fn interrupt(&mut self, adapter: &mut Adapter) {
        if !self.interrupted.swap(false, Relaxed) {
            return;
        }
        let vf = self.mailbox.vf;
        adapter.write(vf, VTEIMC, 7);
        // The cause must have cleared itself: vector 0 is told by no bit being set.
        assert_eq!(adapter.read(vf, VTEICR) & 7, 0);
        if adapter.read(vf, VFMBMEM) == 0x100 {
            assert!(self.mailbox.shows(adapter, PFSTS));
            assert!(self.mailbox.lock(adapter));
            adapter.write(vf, 0x2fc, 2);
            self.reset_event = true;
        }
        self.interrupts_on(adapter);
    }
}

#[test]
fn a_port_is_initialised_started_and_has_a_link() {
    for model in ["82599", "x540", "x550", "x552", "x553"] {
        for options in
            ["", ",vfs=63", ",api=1.0,mtu=1500", ",mac=zero,mtu=1500", ",trust=on,vlan=7"]
        {
            let mut adapter = adapter(&format!("model={model}{options}"));
            let mut port = Port::init(&mut adapter, 1);
            let queues = if options.contains("63") || options.contains("1.0") { 2 } else { 4 };
            assert_eq!(port.queues, queues, "{model}{options}");
            assert_eq!(port.mac.is_none(), options.contains("zero"));
            assert_eq!(port.tagged_by_pf, options.contains("vlan"));
            port.start(&mut adapter, 1518);
            adapter.step(MILLISECOND);
            assert!(port.link(&mut adapter), "{model}{options}");
        }
    }
}

#[test]
fn a_stopped_port_starts_again() {
    let mut adapter = adapter("");
    let mut port = Port::init(&mut adapter, 0);
    for round in 1..4 {
        port.start(&mut adapter, 9018);
        adapter.step(round * MILLISECOND);
        assert!(port.link(&mut adapter));
    }
}

#[test]
fn the_pfs_ping_is_a_reset_event_and_the_port_comes_back() {
    let mut adapter = adapter("");
    let mut port = Port::init(&mut adapter, 0);
    port.start(&mut adapter, 1518);
    adapter.step(MILLISECOND);
    port.interrupt(&mut adapter);
    assert!(!port.reset_event);
    adapter.inject(Fault::PfReset);
    let mut now = 10 * MILLISECOND;
    adapter.step(now);
    port.interrupt(&mut adapter);
    assert!(port.reset_event, "RTE_ETH_EVENT_INTR_RESET");
    // rte_eth_dev_reset tries until the PF is out of its reset.
    let mut tries = 0;
    now += 3 * MILLISECOND;
    adapter.step(now);
    while port.reset_hw(&mut adapter).is_err() {
        tries += 1;
        now += 5 * MILLISECOND;
        adapter.step(now);
    }
    assert!((1..5).contains(&tries), "{tries}");
    port.start(&mut adapter, 1518);
    adapter.step(now + MILLISECOND);
    assert!(port.link(&mut adapter));
}

#[test]
fn a_link_that_goes_is_seen_and_so_is_its_return() {
    let mut adapter = adapter("");
    let mut port = Port::init(&mut adapter, 0);
    port.start(&mut adapter, 1518);
    adapter.step(MILLISECOND);
    assert!(port.link(&mut adapter));
    for (round, up) in [(2, false), (4, true)] {
        adapter.inject(Fault::Link { up });
        adapter.step(round * 10 * MILLISECOND);
        adapter.step((round * 10 + 1) * MILLISECOND);
        port.interrupt(&mut adapter);
        port.link_wanted = true;
        assert_eq!(port.link(&mut adapter), up);
        assert!(!port.reset_event, "with \"clear to send\" a ping is no reset");
    }
}
