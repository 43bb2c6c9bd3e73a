//! Answers for an IPv4 address: ARP requests, and ICMP echo requests (ping).
//!
//! Shows how to look into packets, change them where they lie and send them back. The answer to a
//! ping is the request with its addresses exchanged, so that however long it is, and over however many
//! frames, only its headers are touched. A real VF must be bound to vfio-pci (`barline bind BDF`). The
//! software adapter can be plugged into a TAP interface, so that the machine's own `ping` reaches it
//! (as root; the two addresses are of a block for documentation, RFC 5737):
//!
//! ```text
//! cargo run --release -p barline --example responder -- 0000:01:10.0 192.0.2.1
//!
//! cargo run --release -p barline --example responder -- soft:uplink=tap:soft0 192.0.2.1 &
//! ip address add 192.0.2.2/24 dev soft0 && ping 192.0.2.1
//! ```
//!
//! It runs until Ctrl-C.

mod common;

use std::io::{Write, stdout};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use barline::{Config, Event, MacAddress, PacketMut};
use barline_device::DeviceName;
use clap::Parser;
use common::{Outcome, Stop};

/// How an ARP request begins: Ethernet (1) and IPv4 (0x0800) addresses of 6 and 4 bytes, request (1).
const ARP_REQUEST: [u8; 8] = [0, 1, 0x08, 0x00, 6, 4, 0, 1];
const ICMP: u8 = 1;
/// Types of ICMP messages, each followed by its code, 0.
const ECHO_REQUEST: [u8; 2] = [8, 0];
const ECHO_REPLY: [u8; 2] = [0, 0];
const TIME_TO_LIVE: u8 = 64;

/// Answers ARP and ping for an IPv4 address.
#[derive(Parser)]
#[command(name = "responder")]
struct Args {
    /// The device: a PCI address, or `soft` with or without options.
    #[arg(default_value_t)]
    device: DeviceName,
    /// The address to answer for.
    #[arg(default_value = "192.0.2.1", value_name = "IPV4")]
    ip: Ipv4Addr,
}

fn main() -> ExitCode {
    common::run(respond)
}

fn respond(Args { device, ip }: Args, stop: &Stop) -> Outcome {
    let mut port = barline_device::open(&device, Config::default())?.port;
    let mut queues = port.start()?;
    let (rx, tx) = (&mut queues.rx[0], &mut queues.tx[0]);
    let pool = port.pool();
    let mut batch = pool.batch(32);
    let mut mac = port.mac();
    writeln!(stdout(), "{}: {mac}, link {}, answers for {ip}", port.name(), port.link())?;
    loop {
        if rx.poll(&mut batch) > 0 {
            // What is no request for us is dropped; the others are answers now.
            batch.retain(|packet| answer(packet, mac, ip));
        }
        if batch.is_empty() {
            // What shares the core can run: a software adapter, for one.
            std::thread::yield_now();
        } else {
            tx.push(&mut batch);
        }
        let news = |event| {
            if let Event::MacChanged(new) = event {
                mac = new;
            }
        };
        if stop.is_due(&port, news) {
            break;
        }
    }
    tx.flush(&pool, Duration::from_secs(1));
    writeln!(stdout(), "{} requests answered", port.stats().tx[0].completed)?;
    Ok(())
}

/// Turns a request into its answer; false if there is none to give.
fn answer(mut packet: PacketMut<'_>, mac: MacAddress, ip: Ipv4Addr) -> bool {
    let len = packet.as_ref().len();
    // The headers are in the first frame of a packet. Nothing that came over a wire is trusted: bytes
    // are used only once they are known to be there.
    let frame = packet.head().into_data();
    let Some((ethernet, payload)) = frame.split_first_chunk_mut::<14>() else { return false };
    let answered = match ethernet[12..] {
        [0x08, 0x06] => answer_arp(payload, mac, ip),
        [0x08, 0x00] => answer_echo(payload, len - 14, ip),
        _ => false,
    };
    ethernet.copy_within(6..12, 0);
    ethernet[6..12].copy_from_slice(&mac.0);
    // Nobody has the address of a group.
    answered && ethernet[0] & 1 == 0
}

/// RFC 826.
fn answer_arp(arp: &mut [u8], mac: MacAddress, ip: Ipv4Addr) -> bool {
    let Some(arp) = arp.first_chunk_mut::<28>() else { return false };
    if arp[..8] != ARP_REQUEST || arp[24..] != ip.octets() {
        return false;
    }
    arp[7] = 2; // A reply
    arp.copy_within(8..18, 18); // to who asked,
    arp[8..14].copy_from_slice(&mac.0); // from us.
    arp[14..18].copy_from_slice(&ip.octets());
    true
}

/// RFC 792; `len` is that of the whole packet from the IPv4 header on, of which `packet` may be only
/// the beginning.
fn answer_echo(packet: &mut [u8], len: usize, ip: Ipv4Addr) -> bool {
    let Some(fixed) = packet.first_chunk::<20>() else { return false };
    let header = usize::from(fixed[0] & 0x0f) * 4;
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    let fragment = u16::from_be_bytes([fixed[6], fixed[7]]) & 0x3fff != 0;
    let ours = fixed[0] >> 4 == 4 && fixed[9] == ICMP && fixed[16..] == ip.octets();
    if !ours || fragment || header < 20 || total < header + 8 || total > len {
        return false;
    }
    let Some((header, icmp)) = packet.split_at_mut_checked(header) else { return false };
    if icmp.len() < 8 || icmp[..2] != ECHO_REQUEST {
        return false;
    }
    // Exchanging words does not change their sum.
    header[12..20].rotate_left(4);
    replace(header, 8, [TIME_TO_LIVE, ICMP], 10);
    replace(icmp, 0, ECHO_REPLY, 2);
    true
}

/// Replaces the 16-bit word at `at`, and brings the checksum at `sum` up to date (RFC 1624, eqn. 3).
/// One that was wrong stays wrong, so that a damaged request is not answered as if it were sound.
fn replace(bytes: &mut [u8], at: usize, new: [u8; 2], sum: usize) {
    let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let total = u32::from(!word(sum)) + u32::from(!word(at)) + u32::from(u16::from_be_bytes(new));
    let folded = (total & 0xffff) + (total >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
    bytes[at..at + 2].copy_from_slice(&new);
    bytes[sum..sum + 2].copy_from_slice(&checksum.to_be_bytes());
}
