//! TCP of Linux's through `l2fwd`, between the interfaces of two PFs.

use crate::netns::Netns;
use crate::pf::Pf;
use crate::program::Program;
use crate::vf::ready;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use vmtest::{Context, Result, ensure};

/// What is sent each way in turn.
const BYTES: usize = 50_000_000;
const PATIENCE: Duration = Duration::from_secs(90);

/// 50 MB of TCP, every byte compared, from one PF's interface to the other's: over the first PF's
/// cable to our VF there, through `l2fwd` to our VF of the second PF, and there to its interface.
pub fn run() -> Result {
    let (pf0, vfs0) = ready(0, 1)?;
    let (pf1, vfs1) = ready(1, 1)?;
    let macs = [pf0.mac()?, pf1.mac()?];
    let mut forwarder = Program::new("l2fwd")
        .args([&vfs0[0].bdf, &vfs1[0].bdf])
        .args(["--dst0", &macs[0], "--dst1", &macs[1]])
        .limit(PATIENCE * 2)
        .start()?;
    let left = inside("left", &pf0, "10.7.0.1/24", "10.7.0.2", &vfs0[0].mac())?;
    let right = inside("right", &pf1, "10.7.0.2/24", "10.7.0.1", &vfs1[0].mac())?;
    let listener = right.inside(|| TcpListener::bind("10.7.0.2:7").context("bind"))?;
    let start = Instant::now();
    let received = std::thread::scope(|scope| {
        let receiver = scope.spawn(move || receive(&listener));
        left.inside(send)?;
        receiver.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(received == BYTES, "{received} of {BYTES} bytes came");
    println!(
        "{BYTES} bytes of TCP in {seconds:.1} s ({:.0} Mbit/s)",
        received as f64 * 8.0 / seconds / 1e6
    );
    ensure!(forwarder.try_wait()?.is_none(), "l2fwd ended: {}", forwarder.output());
    left.give_back(&pf0.netdev)?;
    right.give_back(&pf1.netdev)
}

/// A namespace with the interface of a PF, an address, and a neighbour that it need not ask for.
fn inside(name: &str, pf: &Pf, address: &str, neighbour: &str, mac: &str) -> Result<Netns> {
    let namespace = Netns::new(name)?;
    namespace.take(&pf.netdev)?;
    namespace.ip(&["addr", "add", address, "dev", &pf.netdev])?;
    namespace.ip(&["link", "set", &pf.netdev, "up"])?;
    let permanent =
        ["neigh", "add", neighbour, "lladdr", mac, "dev", &pf.netdev, "nud", "permanent"];
    namespace.ip(&permanent)?;
    Ok(namespace)
}

/// The bytes from `at` on: none of them like those around it, and none that a lost or moved segment
/// would put back.
fn pattern(at: usize, bytes: &mut [u8]) {
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = (((at + i) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    }
}

fn send() -> Result {
    let mut stream = connect()?;
    let mut bytes = vec![0; 64 << 10];
    let mut sent = 0;
    while sent < BYTES {
        let part = bytes.len().min(BYTES - sent);
        pattern(sent, &mut bytes[..part]);
        stream.write_all(&bytes[..part]).context("send")?;
        sent += part;
    }
    Ok(())
}

/// The moved interfaces need a moment for their links.
fn connect() -> Result<TcpStream> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let address = "10.7.0.2:7".parse()?;
        match TcpStream::connect_timeout(&address, Duration::from_secs(2)) {
            Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_millis(100)),
            result => {
                let stream = result.context("connect")?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
        }
    }
}

fn receive(listener: &TcpListener) -> Result<usize> {
    let (mut stream, _) = listener.accept().context("accept")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut bytes, mut wanted) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut received = 0;
    loop {
        let part = stream.read(&mut bytes).context(format_args!("receive, after {received}"))?;
        if part == 0 {
            return Ok(received);
        }
        pattern(received, &mut wanted[..part]);
        ensure!(bytes[..part] == wanted[..part], "wrong bytes from {received} on");
        received += part;
    }
}
