//! Sends the smallest frames there are to one address, as fast as the VF takes them, and prints how
//! many it sent once a second.
//!
//! Shows how to make frames and how to hand them to a transmit queue. The VF must be bound to
//! vfio-pci (`barline bind BDF`); the address is that of a machine which expects the flood:
//!
//! ```text
//! cargo run --release -p barline --example tx_flood -- 0000:01:10.0 --dst 02:00:00:00:00:02
//! ```
//!
//! It runs until Ctrl-C.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use barline::{MacAddress, Port};

/// Bytes of the smallest Ethernet frame, without the FCS that the device adds.
const LEN: usize = 60;

/// EtherType for experiments (IEEE 802): no protocol of anybody else is disturbed.
const ETHERTYPE: [u8; 2] = [0x88, 0xb5];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (device, dst) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [device, "--dst", dst] | ["--dst", dst, device] => (device, dst),
        _ => {
            eprintln!("usage: tx_flood BDF --dst MAC");
            return ExitCode::from(2);
        }
    };
    let dst = match dst.parse() {
        Ok(dst) => dst,
        Err(error) => {
            eprintln!("tx_flood: {error}");
            return ExitCode::from(2);
        }
    };
    match flood(device, dst) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tx_flood: {error}");
            ExitCode::FAILURE
        }
    }
}

fn flood(device: &str, dst: MacAddress) -> barline::Result<()> {
    let mut port = Port::open(device)?;
    let mut queues = port.start()?;
    println!("{device}: {}, link {}", port.mac(), port.link());
    let tx = &mut queues.tx[0];
    let pool = port.pool();
    let mut batch = pool.batch(32);

    let mut frame = [0; LEN];
    frame[..6].copy_from_slice(&dst.0);
    frame[6..12].copy_from_slice(&port.mac().0);
    frame[12..14].copy_from_slice(&ETHERTYPE);

    let (mut sent, mut second) = (0, Instant::now());
    while carry_on(&port) {
        // Fills the batch. A new packet holds whatever its buffer held before, so all of it is
        // written.
        while let Some(mut packet) = batch.alloc(LEN) {
            packet.copy_from(&frame);
        }
        // Takes as many frames as there is room for; the rest stays in the batch for the next time.
        sent += tx.push(&mut batch);

        if second.elapsed() >= Duration::from_secs(1) {
            println!("{sent} packets/s");
            (sent, second) = (0, Instant::now());
        }
    }
    // What the device was given, it may send: dropped at once, the queue would lose it.
    tx.flush(&pool, Duration::from_millis(100));
    println!("{} packets in all", port.stats().tx[0].completed);
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
