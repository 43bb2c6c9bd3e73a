//! Counts what a VF receives, and prints packets and bytes once a second.
//!
//! Shows how to open a port, poll a receive queue, look at the packets of a batch, and leave when
//! the kernel wants the device back. The VF must be bound to vfio-pci (`barline bind BDF`):
//!
//! ```text
//! cargo run --release -p barline --example rx_count -- 0000:01:10.0
//! ```
//!
//! It runs until Ctrl-C.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use barline::Port;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [device] = args.as_slice() else {
        eprintln!("usage: rx_count BDF, such as rx_count 0000:01:10.0");
        return ExitCode::from(2);
    };
    match count(device) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rx_count: {error}");
            ExitCode::FAILURE
        }
    }
}

fn count(device: &str) -> barline::Result<()> {
    let mut port = Port::open(device)?;
    let mut queues = port.start()?;
    println!("{device}: {}, link {}", port.mac(), port.link());
    let rx = &mut queues.rx[0];
    // A pool keeps free buffers, a batch holds received ones; when a batch is dropped or cleared, its
    // buffers are free again.
    let pool = port.pool();
    let mut batch = pool.batch(64);

    let (mut packets, mut bytes) = (0_u64, 0_u64);
    let mut second = Instant::now();
    while carry_on(&port) {
        // Never waits: 0 frames are an answer, too.
        rx.poll(&mut batch);
        for packet in batch.packets() {
            packets += 1;
            // Without the FCS, which the device has checked and taken off.
            bytes += packet.len() as u64;
        }
        batch.clear();

        if second.elapsed() >= Duration::from_secs(1) {
            println!("{packets} packets/s, {bytes} bytes/s");
            (packets, bytes, second) = (0, 0, Instant::now());
        }
    }
    let stats = port.stats();
    println!(
        "{} packets in all, {} dropped",
        stats.rx[0].packets,
        stats.device.rx_dropped.unwrap_or(0)
    );
    // Dropping the queues and the port puts the device to rest.
    Ok(())
}

/// Tells what happens to the port; false when it is time to leave. A lost link or a reset of the PF
/// is no reason: the port recovers by itself.
fn carry_on(port: &Port) -> bool {
    port.events().try_iter().all(|event| {
        println!("{}: {event}", port.name());
        !event.must_close()
    })
}
