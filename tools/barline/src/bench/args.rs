//! What the user may say.

use barline::MacAddress;
use clap::ValueEnum;

use super::target::Named;

/// What `barline bench` takes.
#[derive(clap::Args)]
pub struct Args {
    /// What to measure.
    #[arg(default_value = "fwd")]
    pub mode: Mode,
    /// The VF: a PCI address such as 0000:01:10.0, bound to vfio-pci, or `soft` with or without
    /// options, such as soft:vfs=4,vf=1,uplink=gen,size=64. By default a software adapter, whose uplink
    /// sends for `rx` and `fwd`, and only takes for `tx` and `latency`.
    #[arg(long, value_name = "DEVICE")]
    pub vf: Option<Named>,
    /// The VF that `latency` sends to; by default the next one of the same software adapter.
    #[arg(long, value_name = "DEVICE")]
    pub peer: Option<Named>,
    /// Where `tx` sends its frames. A software adapter has a default, out of its uplink.
    #[arg(long, value_name = "MAC")]
    pub dst: Option<MacAddress>,
    /// Bytes of each frame, with FCS, that is sent by `tx`, `latency` or a software adapter's
    /// generator: 64, or what the device string says. A VF takes frames of up to 1518 bytes, or of this
    /// size if that is more.
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub size: Option<u16>,
    /// Frames handled at once, at most: 1 to 256. By default 32, and 1 for `latency`.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub burst: Option<u16>,
    /// Queues, each with a thread of its own: 1 to what the VF has.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub queues: u16,
    /// The core of each queue's thread, such as `--cores 2,3`; by default the first that this process
    /// may use.
    #[arg(long, alias = "core", value_name = "LIST", value_delimiter = ',')]
    pub cores: Vec<usize>,
    /// How long, 0.1 or more. By default 10 with a software adapter, and until Ctrl-C with a real VF.
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<f64>,
    /// Show figures once a second on standard error also with --json where that is no terminal.
    #[arg(long)]
    pub live: bool,
}

impl Args {
    /// No hardware is driven.
    pub fn is_soft(&self) -> bool {
        [&self.vf, &self.peer].into_iter().flatten().all(Named::is_soft)
    }
}

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Receive, and drop what comes.
    Rx,
    /// Send to --dst.
    Tx,
    /// Send back what comes, its addresses swapped.
    Fwd,
    /// Send to --peer, and time each frame.
    Latency,
}

impl Mode {
    /// As the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Rx => "rx",
            Mode::Tx => "tx",
            Mode::Fwd => "fwd",
            Mode::Latency => "latency",
        }
    }

    /// Whether frames are made here.
    pub fn sends(self) -> bool {
        matches!(self, Mode::Tx | Mode::Latency)
    }
}

/// Longer than anybody waits, and short enough for any clock.
const LONGEST: f64 = 1e9;

fn size(text: &str) -> Result<u16, String> {
    let size = text.parse().ok().filter(|size| *size >= 64);
    size.ok_or_else(|| {
        "expected bytes with FCS, from 64 to what the VF takes (a software adapter's takes 9018)"
            .to_string()
    })
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.1..=LONGEST).contains(&value) => Ok(value),
        _ => Err("expected seconds, 0.1 or more, and 1e9 at most".to_string()),
    }
}
