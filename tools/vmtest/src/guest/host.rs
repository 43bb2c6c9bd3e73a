//! What a test can ask of the machine that its guest runs on.

use crate::channel::SOCKET;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use vmtest::protocol::{FromGuest, FromHost, Request};
use vmtest::{Context, Result, bail};

/// Plugs or pulls the cable of a PF, counted from 0.
pub fn set_link(pf: u8, up: bool) -> Result {
    ask(Request::SetLink { pf, up }).map(|_| ())
}

/// How many DMA faults QEMU and the guest's kernel have reported so far. Both limit their reports:
/// that a fault happened can be seen, how often cannot.
pub fn dma_faults() -> Result<u64> {
    let text = ask(Request::DmaFaults)?;
    text.parse().context(text)
}

/// Waits until a DMA fault has been reported.
pub fn wait_for_dma_fault(limit: Duration) -> Result {
    let end = Instant::now() + limit;
    while dma_faults()? == 0 {
        if Instant::now() > end {
            bail!("no DMA fault was reported within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Runs a command of QEMU's monitor (`info pci`, `pcie_aer_inject_error pf0 ...`) and returns what
/// it prints. The PFs are `pf0` and `pf1`, their root ports `port0` and `port1`.
pub fn monitor(command: &str) -> Result<String> {
    ask(Request::Monitor(command.into()))
}

fn ask(request: Request) -> Result<String> {
    let mut stream = UnixStream::connect(SOCKET).context(SOCKET)?;
    writeln!(stream, "{}", FromGuest::Ask(request.clone()).to_line())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    match FromHost::parse(line.trim_end_matches('\n')) {
        Some(FromHost::Ok(text)) => Ok(text),
        Some(FromHost::Refused(reason)) => bail!("{request:?}: {reason}"),
        None => bail!("{request:?}: no answer but {line:?}"),
    }
}
