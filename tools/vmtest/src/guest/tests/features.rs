//! What a VF can ask its PF for, and what its descriptors can do.

use crate::traffic::{End, pair, wait_for};
use crate::vf;
use barline::{Config, Error, MacAddress};
use std::time::{Duration, Instant};
use vmtest::{Result, bail, ensure};

const GROUP: MacAddress = MacAddress([0x01, 0x00, 0x5e, 0x01, 0x02, 0x03]);
const OTHER_GROUP: MacAddress = MacAddress([0x01, 0x00, 0x5e, 0x7f, 0x11, 0x22]);
const ETHERTYPE: [u8; 2] = [0x88, 0xb5];

/// Multicast, VLAN, MAC addresses, modes, queues.
pub fn run() -> Result {
    // No addresses from the PF here: those that the VFs choose are accepted.
    let (pf, vfs) = vf::ready_without_macs(0, 2)?;
    let config = Config { tx_queues: 2, rx_queues: 2, ..Config::default() };
    let mut ends = pair(&vfs, &config)?;
    local_macs(&ends)?;
    both_queues(&mut ends)?;
    multicast(&mut ends)?;
    vlan(&mut ends)?;
    mac_change(&mut ends)?;
    further_addresses(&mut ends)?;
    modes(&mut ends)?;
    interrupt(&mut ends)?;
    let shown = crate::program::ip(&["link", "show", &pf.netdev])?;
    ensure!(shown.contains(&ends[1].port.mac().to_string()), "the PF knows another MAC: {shown}");
    drop(ends);
    limits(&vfs[0])
}

/// VFs without an address take a local one, each its own, the same when they are opened again.
fn local_macs(ends: &[End; 2]) -> Result {
    let [one, other] = ends;
    println!("local addresses {} and {}", one.mac, other.mac);
    ensure!(one.mac.0[0] & 0b11 == 0b10 && other.mac.0[0] & 0b11 == 0b10, "they are not local");
    ensure!(one.mac != other.mac, "both VFs have {}", one.mac);
    Ok(())
}

/// Sends one frame, on a queue, with a tag to be inserted.
fn send(from: &mut End, queue: usize, to: MacAddress, tag: Option<u16>, mark: u8) -> Result {
    let mut batch = from.pool.batch(1);
    let mut bytes = vec![mark; 100];
    bytes[..6].copy_from_slice(&to.0);
    bytes[6..12].copy_from_slice(&from.mac.0);
    bytes[12..14].copy_from_slice(&ETHERTYPE);
    let Some(mut packet) = batch.alloc(bytes.len()) else { bail!("no buffer") };
    packet.copy_from(&bytes);
    packet.head().set_vlan(tag);
    ensure!(from.queues.tx[queue].push(&mut batch) == 1, "the frame was not sent");
    Ok(())
}

/// The frame with this mark, if it comes within a moment: its queue and its tag.
fn receive(at: &mut End, mark: u8, patience: Duration) -> Option<(usize, Option<u16>)> {
    let end = Instant::now() + patience;
    let mut batch = at.pool.batch(32);
    while Instant::now() < end {
        for (number, queue) in at.queues.rx.iter_mut().enumerate() {
            queue.poll(&mut batch);
            let found = batch
                .frames()
                .find(|frame| frame.data()[12..14] == ETHERTYPE && frame.data()[50] == mark)
                .map(|frame| (number, frame.vlan()));
            if found.is_some() {
                return found;
            }
            batch.clear();
        }
    }
    None
}

const SOON: Duration = Duration::from_secs(2);
const NEVER: Duration = Duration::from_millis(300);

/// Both transmit queues send; Linux's igb steers a VF's receive to its queue 0 only.
fn both_queues(ends: &mut [End; 2]) -> Result {
    let [from, to] = ends;
    for queue in 0..2 {
        for round in 0..50 {
            send(from, queue, to.mac, None, 1 + round)?;
            let came = receive(to, 1 + round, SOON);
            ensure!(came == Some((0, None)), "sent on queue {queue}, received: {came:?}");
        }
    }
    let stats = from.port.stats();
    ensure!(stats.tx.iter().all(|queue| queue.packets == 50), "not 50 each: {stats:?}");
    println!("both transmit queues send; everything arrives on receive queue 0");
    Ok(())
}

fn multicast(ends: &mut [End; 2]) -> Result {
    let [from, to] = ends;
    send(from, 0, GROUP, None, 101)?;
    ensure!(receive(to, 101, NEVER).is_none(), "a group that was not asked for came");
    to.port.set_multicast(&[GROUP])?;
    send(from, 0, GROUP, None, 102)?;
    ensure!(receive(to, 102, SOON).is_some(), "the group did not come");
    send(from, 0, OTHER_GROUP, None, 103)?;
    ensure!(receive(to, 103, NEVER).is_none(), "another group came");
    to.port.set_multicast(&[])?;
    send(from, 0, GROUP, None, 104)?;
    ensure!(receive(to, 104, NEVER).is_none(), "the group came after it was left");
    send(from, 0, MacAddress::BROADCAST, None, 105)?;
    ensure!(receive(to, 105, SOON).is_some(), "broadcast did not come");
    let many = vec![GROUP; 31];
    let refused = to.port.set_multicast(&many);
    ensure!(matches!(refused, Err(Error::Config { .. })), "31 groups: {refused:?}");
    let refused = to.port.set_multicast(&[to.mac]);
    ensure!(matches!(refused, Err(Error::Config { .. })), "a unicast group: {refused:?}");
    println!("multicast: registered groups come, others do not");
    Ok(())
}

/// A tag inserted by descriptor, filtered by mailbox, and stripped, which the PF couples to the
/// filter.
fn vlan(ends: &mut [End; 2]) -> Result {
    let [from, to] = ends;
    let tag = 3 << 13 | 100;
    send(from, 0, to.mac, Some(tag), 111)?;
    ensure!(receive(to, 111, NEVER).is_none(), "a VLAN that was not asked for came");
    from.port.set_vlan(100, true)?;
    to.port.set_vlan(100, true)?;
    send(from, 0, to.mac, Some(tag), 112)?;
    let came = receive(to, 112, SOON);
    ensure!(came == Some((0, Some(tag))), "inserted {tag:#x} and received {came:?}");
    send(from, 0, to.mac, None, 113)?;
    ensure!(receive(to, 113, SOON) == Some((0, None)), "an untagged frame did not come as such");
    send(from, 0, to.mac, Some(200), 114)?;
    ensure!(receive(to, 114, NEVER).is_none(), "VLAN 200 came");
    to.port.set_vlan(100, false)?;
    send(from, 0, to.mac, Some(tag), 115)?;
    ensure!(receive(to, 115, NEVER).is_none(), "the VLAN came after it was left");
    from.port.set_vlan(100, false)?;
    let refused = to.port.set_vlan(4096, true);
    ensure!(matches!(refused, Err(Error::Config { .. })), "VLAN 4096: {refused:?}");
    println!("VLAN: inserted, filtered, stripped");
    Ok(())
}

fn mac_change(ends: &mut [End; 2]) -> Result {
    let [from, to] = ends;
    let (old, new) = (to.mac, MacAddress([2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee]));
    to.port.set_mac(new)?;
    to.mac = new;
    ensure!(to.port.mac() == new, "it says {}", to.port.mac());
    send(from, 0, new, None, 121)?;
    ensure!(receive(to, 121, SOON).is_some(), "nothing comes for the new address");
    send(from, 0, old, None, 122)?;
    ensure!(receive(to, 122, NEVER).is_none(), "the old address still receives");
    let refused = to.port.set_mac(MacAddress::BROADCAST);
    ensure!(matches!(refused, Err(Error::Config { .. })), "broadcast as address: {refused:?}");
    println!("the MAC address changes");
    Ok(())
}

/// Unicast promiscuous mode is refused; all-multicast is accepted (this emulator does not act on it).
fn further_addresses(ends: &mut [End; 2]) -> Result {
    let [from, to] = ends;
    let others = [1, 2, 3].map(|last| MacAddress([2, 0xaa, 0xbb, 0xcc, 0, last]));
    let came = |from: &mut End, to: &mut End, mark: u8| -> Result<[bool; 3]> {
        let mut came = [false; 3];
        for (n, came) in (0..).zip(&mut came) {
            send(from, 0, others[usize::from(n)], None, mark + n)?;
            *came = receive(to, mark + n, NEVER).is_some();
        }
        Ok(came)
    };
    ensure!(came(from, to, 141)? == [false; 3], "addresses that were not asked for receive");
    to.port.set_unicast(&others[..2])?;
    ensure!(came(from, to, 144)? == [true, true, false], "the first two do not receive");
    to.port.set_unicast(&others[2..])?;
    ensure!(came(from, to, 147)? == [false, false, true], "only the third should receive");
    to.port.set_unicast(&[])?;
    ensure!(came(from, to, 150)? == [false; 3], "they receive after they were given up");
    println!("further unicast addresses receive, and no others");
    Ok(())
}

fn modes(ends: &mut [End; 2]) -> Result {
    let refused = ends[0].port.set_promiscuous(true);
    let Err(error @ Error::Refused { .. }) = refused else {
        bail!("promiscuous mode: {refused:?}");
    };
    println!("promiscuous: {error}");
    ends[0].port.set_all_multicast(true)?;
    ends[0].port.set_all_multicast(false)?;
    Ok(())
}

/// Takes whatever has come.
fn drain(end: &mut End) {
    let mut batch = end.pool.batch(32);
    while end.queues.rx[0].poll(&mut batch) > 0 {
        batch.clear();
    }
}

/// A frame wakes a worker that sleeps, and only then.
fn interrupt(ends: &mut [End; 2]) -> Result {
    let [from, to] = ends;
    drain(to);
    let start = Instant::now();
    ensure!(!to.queues.rx[0].wait(Duration::from_millis(200))?, "woken by nothing");
    ensure!(start.elapsed() >= Duration::from_millis(200), "woke early");
    for round in 0..20 {
        let mac = to.mac;
        let woken = std::thread::scope(|scope| {
            let queue = &mut to.queues.rx[0];
            let sleeper = scope.spawn(move || {
                let start = Instant::now();
                (queue.wait(Duration::from_secs(5)), start.elapsed())
            });
            std::thread::sleep(Duration::from_millis(20));
            send(from, 0, mac, None, 130 + round)?;
            Ok::<_, vmtest::Error>(sleeper.join())
        })?;
        let Ok((woken, slept)) = woken else { bail!("the sleeper panicked") };
        ensure!(woken? && slept < Duration::from_secs(4), "not woken: slept {slept:?}");
        ensure!(receive(to, 130 + round, SOON).is_some(), "woken by something else");
    }
    println!("20 frames woke a sleeping worker");
    Ok(())
}

/// What cannot be is refused before the device is touched, and names what could be.
fn limits(vf: &crate::vf::Vf) -> Result {
    let default = Config::default;
    let impossible = [
        (Config { rx_queues: 3, ..default() }, "rx_queues = 3"),
        (Config { tx_queues: 0, ..default() }, "tx_queues = 0"),
        (Config { rx_ring: 100, ..default() }, "rx_ring = 100"),
        (Config { tx_ring: 8192, ..default() }, "tx_ring = 8192"),
        (Config { max_frame: 63, ..default() }, "max_frame = 63"),
        (Config { max_frame: 16000, ..default() }, "max_frame = 16000"),
        (Config { mac: Some(MacAddress::BROADCAST), ..default() }, "mac = ff:ff:ff:ff:ff:ff"),
    ];
    for (config, part) in impossible {
        match barline::Port::open_with(&vf.bdf, config) {
            Err(error) if error.to_string().contains(part) => println!("{error}"),
            other => bail!("{part}: {other:?}"),
        }
    }
    let mac = End::open(vf, default())?.mac;
    let again = End::open(vf, default())?;
    ensure!(again.mac == mac, "the local address was {mac} and is {}", again.mac);
    let twice = barline::Port::open(&vf.bdf);
    ensure!(twice.is_err(), "a VF was opened twice in one process");
    println!("{}", twice.unwrap_err());
    wait_for("link", || again.port.link().is_up())
}
