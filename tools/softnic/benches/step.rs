//! What a frame costs the adapter: `Adapter::step` or `Adapter::feed` alone, in cycles of the time stamp
//! counter, with a driver whose own work is not counted.
//!
//! `cargo bench -p softnic`, and behind `--` another size of frames (with FCS), or parts of the names of
//! what to measure.
#![allow(missing_docs, unsafe_code)]

#[allow(dead_code)]
#[path = "../tests/datapath/ram.rs"]
mod ram;
#[allow(dead_code)]
#[path = "../tests/datapath/rig.rs"]
mod rig;
#[allow(dead_code)]
#[path = "../tests/datapath/rx_ring.rs"]
mod rx_ring;
#[allow(dead_code)]
#[path = "../tests/datapath/tx_ring.rs"]
mod tx_ring;

use rig::{RAM, Rig, frame};
use rx_ring::RxRing;
use softnic::{Adapter, Plane, Spec, uplink};
use tx_ring::{CC, DATA, DEXT, EOP, IFCS, RS, TxRing, context, paylen};

/// Descriptors of each ring.
const RING: usize = 512;
/// Frames that are moved in a step.
const BURST: usize = 32;
/// Steps of a run, few enough that most runs are not interrupted, and runs.
const STEPS: u32 = 200;
const RUNS: usize = 400;

/// What is done before each step.
type Prepare = Box<dyn FnMut(&mut Rig)>;

fn main() {
    let size: usize = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(64);
    println!("frames of {size} bytes, bursts of {BURST}; cycles a frame: least, median");
    type Case = fn(usize, &str) -> (Rig, Prepare);
    let cases: [(&str, Case, &str); 5] = [
        ("uplink to VF", wire_to_vf, "vfs=2"),
        ("uplink to VF, VLAN of the PF", wire_to_vf, "vfs=2,vlan=5"),
        ("VF to uplink", vf_to_wire, "vfs=2"),
        ("VF to VF", vf_to_vf, "vfs=2"),
        ("VF to VF, x550", vf_to_vf, "vfs=2,model=x550"),
    ];
    for (name, case, options) in cases.into_iter().filter(|case| wanted(case.0)) {
        let (mut rig, mut prepare) = case(size - 4, options);
        let mut costs: Vec<f64> = (0..RUNS).map(|_| run(&mut rig, &mut prepare)).collect();
        costs.sort_by(f64::total_cmp);
        println!("{name:30} {:6.1} {:6.1}", costs[0], costs[RUNS / 2]);
    }
    println!("measured steps, {BURST} frames each way that is named; cycles a step: least, median");
    let cases: [(&str, Case, &str); 2] =
        [("measured rx", wire_to_vf, "vfs=1"), ("measured rx and tx", both_ways, "vfs=1")];
    for (name, case, options) in cases.into_iter().filter(|case| wanted(case.0)) {
        let (mut rig, mut prepare) = case(size - 4, options);
        let mut feed = || {
            prepare(&mut rig);
            rig.now += 10_000;
            let start = now();
            assert_eq!(rig.adapter.feed(rig.now, BURST), BURST);
            now() - start
        };
        let mut costs: Vec<u64> = (0..RUNS * 10).map(|_| feed()).collect();
        costs.sort_unstable();
        println!("{name:30} {:6} {:6}", costs[0], costs[RUNS * 5]);
        if rig.adapter.chill().is_none() {
            // Nobody has written it for this processor.
            continue;
        }
        let chill = || {
            let start = now();
            rig.adapter.chill();
            now() - start
        };
        let mut costs: Vec<u64> = (0..RUNS).map(|_| chill()).collect();
        costs.sort_unstable();
        println!("{:30} {:6} {:6}", "  its chill, lines cold", costs[0], costs[RUNS / 2]);
    }
    println!("cycles of a step in which nothing moves: least, median");
    for vfs in [1, 2, 63] {
        let mut costs: Vec<u64> = idle(vfs);
        costs.sort_unstable();
        println!("{:30} {:6} {:6}", format!("{vfs} VFs"), costs[0], costs[RUNS / 2]);
    }
}

/// Cycles of idle steps, with two queues on in each direction of each VF.
fn idle(vfs: usize) -> Vec<u64> {
    let (mut rig, _) = rig(&format!("vfs={vfs},uplink=sink"), vfs);
    for (vf, queue) in (0..vfs).flat_map(|vf| [(vf, 0), (vf, 1)]) {
        RxRing::start(&mut rig, vf, queue, 64, 1, 0);
        TxRing::start(&mut rig, vf, queue, 64, 0);
    }
    let step = |_| {
        rig.now += 10_000;
        let start = now();
        assert_eq!(rig.adapter.step(rig.now), 0);
        now() - start
    };
    (0..RUNS).map(step).collect()
}

/// Whether a case is asked for: all are, or those that have an argument in their names.
fn wanted(name: &str) -> bool {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|arg| arg.starts_with(char::is_alphabetic)).collect();
    names.is_empty() || names.iter().any(|part| name.contains(part.as_str()))
}

/// Cycles a frame.
fn run(rig: &mut Rig, prepare: &mut Prepare) -> f64 {
    let (mut cycles, mut frames) = (0, 0);
    for _ in 0..STEPS {
        prepare(rig);
        rig.now += 10_000;
        let start = now();
        frames += rig.adapter.step(rig.now);
        cycles += now() - start;
    }
    assert_eq!(frames, STEPS as usize * BURST, "each step moves a burst");
    cycles as f64 / frames as f64
}

/// The time stamp counter, or nanoseconds where there is none.
fn now() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: both are in the baseline of x86-64 and touch no memory.
        unsafe {
            std::arch::x86_64::_mm_lfence();
            std::arch::x86_64::_rdtsc()
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64
    }
}

/// An adapter with an uplink of its own, and some VFs open; their addresses.
fn rig(options: &str, vfs: usize) -> (Rig, Vec<[u8; 6]>) {
    let spec = Spec::parse(options).unwrap();
    let uplink = uplink::open(&spec.uplink, 0).unwrap();
    let mut adapter = Adapter::new(&spec, Plane::private(&spec), Some(uplink));
    let ram = ram::Ram::new(16 * 1024, RAM);
    ram.map(adapter.memory());
    let mut rig = Rig { adapter, end: Default::default(), now: 0, ram };
    let macs = (0..vfs).map(|vf| rig.open(vf)).collect();
    (rig, macs)
}

/// A receive ring of which a burst is armed before each step.
fn rearmed(rig: &mut Rig, vf: usize) -> impl FnMut(&mut Rig) + 'static {
    let ring = RxRing::start(rig, vf, 0, RING, 2, 0);
    ring.set_tail(rig, 0);
    let mut tail = 0;
    move |rig| {
        for _ in 0..BURST {
            rig.ram.set_words(ring.descriptor(tail), [ring.address(tail), 0]);
            tail = (tail + 1) % RING;
        }
        ring.set_tail(rig, tail as u32);
    }
}

/// A generator, which has the facts of all its frames, into a VF.
fn wire_to_vf(len: usize, options: &str) -> (Rig, Prepare) {
    let vfs = softnic::Spec::parse(options).unwrap().vfs;
    let (mut rig, _) = rig(&format!("{options},uplink=gen,size={}", len + 4), vfs);
    let arm = rearmed(&mut rig, 0);
    (rig, Box::new(arm))
}

fn vf_to_wire(len: usize, options: &str) -> (Rig, Prepare) {
    let (mut rig, macs) = rig(&format!("{options},uplink=sink"), 2);
    let send = sending(&mut rig, frame([2; 6], macs[0], len, 0));
    (rig, Box::new(send))
}

/// A VF that is sent to, and sends.
fn both_ways(len: usize, options: &str) -> (Rig, Prepare) {
    let (mut rig, macs) = rig(&format!("{options},uplink=gen,size={}", len + 4), 1);
    let mut send = sending(&mut rig, frame([2; 6], macs[0], len, 0));
    let mut arm = rearmed(&mut rig, 0);
    let prepare = move |rig: &mut Rig| {
        send(rig);
        arm(rig);
    };
    (rig, Box::new(prepare))
}

fn vf_to_vf(len: usize, options: &str) -> (Rig, Prepare) {
    let (mut rig, macs) = rig(&format!("{options},uplink=sink"), 2);
    // IPv4 and UDP, without a checksum.
    let mut bytes = frame(macs[1], macs[0], len, 0);
    let [high, low] = ((len - 14) as u16).to_be_bytes();
    bytes[12..24].copy_from_slice(&[8, 0, 0x45, 0, high, low, 0, 0, 0, 0, 64, 17]);
    bytes[40..42].fill(0);
    let mut send = sending(&mut rig, bytes);
    let mut arm = rearmed(&mut rig, 1);
    let prepare = move |rig: &mut Rig| {
        send(rig);
        arm(rig);
    };
    (rig, Box::new(prepare))
}

/// A transmit ring into which a burst of this frame is put before each step.
fn sending(rig: &mut Rig, bytes: Vec<u8>) -> impl FnMut(&mut Rig) + 'static {
    let mut ring = TxRing::with_room(rig, 0, 0, RING, 0, 16 * 1024);
    for at in 0..RING {
        rig.ram.write(ring.address(at), &bytes);
    }
    let len = bytes.len();
    rig.adapter.step(1_000);
    ring.put(rig, context([14, 0, 0], 0, 0, 0));
    ring.ring_doorbell(rig);
    rig.adapter.step(2_000);
    rig.now = 2_000;
    move |rig| {
        for n in 0..BURST {
            let report = if n % 32 == 31 { RS } else { 0 };
            let word = DATA | DEXT | IFCS | EOP | CC | report | len as u64 | paylen(len);
            let address = ring.address(ring.tail);
            ring.put(rig, [address, word]);
        }
        ring.ring_doorbell(rig);
    }
}
