//! One adapter over several processes. Each test is its own other process, too: it runs this program
//! again, with its own name and that of the file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use softnic::uplink::Stamp;
use softnic::{Fault, Host, Mac, Spec};

use super::driver::{Driver, frame, number};
use super::other::{Other, share_of_child, until};

/// Most frames on their way in one direction: as many as have room between two processes, however
/// long they are.
const WINDOW: u64 = 50;

fn host(path: &Path, options: &str) -> Host {
    let spec = Spec::parse(&format!("{options},share={}", path.display())).unwrap();
    Host::open(&spec).unwrap_or_else(|error| panic!("{error}"))
}

/// The adapter in a child; none in the test itself.
fn in_child(options: &str) -> Option<Host> {
    share_of_child().map(|path| host(&path, options))
}

/// The address that the PF has for a VF, from a VF that knows its own.
fn neighbour(driver: &Driver, vf: u8) -> Mac {
    let mut mac = driver.mac;
    mac[5] = vf;
    mac
}

/// Sends numbered frames to the other and gets the other's, each of them whole and in order.
struct Exchange {
    driver: Driver,
    to: Mac,
    sent: u64,
    received: u64,
}

impl Exchange {
    fn new(driver: Driver, other: u8) -> Exchange {
        let to = neighbour(&driver, other);
        Exchange { driver, to, sent: 0, received: 0 }
    }

    /// Does what can be done now. True: as many have come.
    fn go(&mut self, count: u64) -> bool {
        // No further ahead of the other than half the window, so that the other is not, either.
        while self.sent < self.received + WINDOW / 2
            && self.driver.send(&frame(self.to, self.driver.mac, self.sent))
        {
            self.sent += 1;
        }
        let (to, from) = (self.driver.mac, self.to);
        let received = &mut self.received;
        self.driver.receive(|got| {
            assert_eq!(number(got), *received);
            assert!(got == frame(to, from, *received), "frame {received} is another");
            *received += 1;
        });
        self.received >= count
    }
}

#[test]
fn vfs_of_two_processes_reach_each_other_without_loss_and_outlive_each_other() {
    const NAME: &str =
        "processes::vfs_of_two_processes_reach_each_other_without_loss_and_outlive_each_other";
    const OPTIONS: &str = "vfs=3,uplink=sink";
    if let Some(host) = in_child(OPTIONS) {
        let mut exchange = Exchange::new(Driver::open(&host, 1), 0);
        return until("the end", || {
            exchange.go(u64::MAX);
            false
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("adapter");
    let here = host(&share, OPTIONS);
    let mut third = Driver::open(&here, 2);
    for round in 0..3 {
        let mut exchange = Exchange::new(Driver::open(&here, 0), 1);
        let mut other = Other::run(NAME, &share);
        // What is sent before the other is there is for nobody.
        let counters = || here.with(|adapter| adapter.counters(0)).unwrap();
        until("the other's first frame", || counters().rx_packets > 0);
        until("the exchange", || exchange.go(3000));
        assert_eq!(counters().rx_no_descriptor, 0, "round {round}");
        assert_eq!(here.with(|adapter| adapter.open(1).is_err()), Ok(true), "it is driven there");
        other.kill();
        drop(exchange);
    }
    // Its VF can be opened here now, and works.
    let mut zero = Driver::open(&here, 0);
    let mut one = Driver::open(&here, 1);
    assert!(third.send(&frame(one.mac, third.mac, 7)));
    until("the frame", || one.receive(|got| assert_eq!(number(got), 7)) == 1);
    zero.receive(|got| panic!("{got:?} was for another"));
}

#[test]
fn what_happens_to_a_vf_happens_in_the_process_that_drives_it() {
    const NAME: &str = "processes::what_happens_to_a_vf_happens_in_the_process_that_drives_it";
    const VFGPTC: usize = 0x201c;
    const SHORT: u32 = 5;
    if let Some(host) = in_child("vfs=2,uplink=sink") {
        let mut driver = Driver::open(&host, 1);
        let sent = || host.with(|adapter| adapter.read(1, VFGPTC)).unwrap();
        until("the order", || sent() == SHORT.wrapping_neg());
        assert!(driver.send(&frame(neighbour(&driver, 0), driver.mac, 9)));
        return until("the end", || {
            if sent() == u32::MAX {
                // What a VF that is gone reads as.
                std::fs::write(ready(host.spec().share.as_deref().unwrap()), "").unwrap();
            }
            false
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("adapter");
    let here = host(&share, "vfs=2,uplink=sink");
    let mut driver = Driver::open(&here, 0);
    // Nobody drives it yet: nothing happens, now or later.
    here.with(|adapter| adapter.inject(Fault::Removal { vf: 1 })).unwrap();
    let mut other = Other::run(NAME, &share);
    until("the other's frame", || {
        here.with(|adapter| adapter.inject(Fault::CountersNearWrap { vf: 1, short: SHORT }))
            .unwrap();
        driver.receive(|got| assert_eq!(number(got), 9)) == 1
    });
    here.with(|adapter| adapter.inject(Fault::Removal { vf: 1 })).unwrap();
    until("the other's registers to be gone", || ready(&share).exists());
    other.kill();
    let open = || here.with(|adapter| adapter.open(1).unwrap_err().to_string()).unwrap();
    until("the VF to be free", || !open().contains("in use"));
    assert!(open().contains("not there"), "{}", open());
}

/// A file that a process makes when it is ready.
fn ready(share: &Path) -> PathBuf {
    share.with_extension("ready")
}

#[test]
fn the_generator_reaches_vfs_of_all_processes_and_goes_to_who_is_left() {
    const NAME: &str =
        "processes::the_generator_reaches_vfs_of_all_processes_and_goes_to_who_is_left";
    if let Some(host) = in_child("vfs=2,size=imix") {
        // It has the wire, since it was the first.
        let mut driver = Driver::open(&host, 1);
        std::fs::write(ready(host.spec().share.as_deref().unwrap()), "").unwrap();
        return until("the end", || {
            driver.receive(|_| ());
            false
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("adapter");
    let mut other = Other::run(NAME, &share);
    until("the other's VF", || ready(&share).exists());
    let here = host(&share, "vfs=2,size=imix");
    let mut driver = Driver::open(&here, 0);
    let sent_here = || here.with(|adapter| adapter.uplink_counters().sent.frames).unwrap();
    // By run, what comes next. The first frames came before this VF's queue was on.
    let mut next = HashMap::from([(1, 0)]);
    let mut receive = |driver: &mut Driver, run: u16| {
        driver.receive(|frame| {
            let stamp = Stamp::read(frame).unwrap();
            let next = next.entry(stamp.run).or_insert(stamp.sequence);
            assert_eq!((stamp.vf, stamp.sequence), (0, *next), "of run {}", stamp.run);
            *next += 1;
        });
        next.get(&run).is_some_and(|next| *next >= 20_000)
    };
    until("frames from there", || receive(&mut driver, 0));
    let counters = here.with(|adapter| adapter.counters(0)).unwrap();
    assert_eq!(
        counters.rx_no_descriptor, 0,
        "the generator waits for rings in other processes, too"
    );
    assert_eq!(sent_here(), 0, "the wire is there");
    other.kill();
    until("frames from here", || receive(&mut driver, 1));
    assert!(sent_here() >= 20_000);
}
