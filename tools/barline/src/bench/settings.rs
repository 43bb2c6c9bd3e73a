//! What a measurement is to be, checked as far as that goes without the device.

use std::time::Duration;

use barline::{Config, MacAddress, Root, cores};

use super::{Args, Mode, Problem};

/// Frames that every port takes.
const STANDARD_FRAME: u16 = 1518;

/// A measurement to be made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The VF.
    pub device: String,
    /// What is measured.
    pub mode: Mode,
    /// Where `tx` sends; zeros in other modes.
    pub dst: MacAddress,
    /// Bytes of a frame, with FCS.
    pub size: u16,
    /// Frames handled at once, at most.
    pub burst: usize,
    /// The core of each queue's worker.
    pub cores: Vec<usize>,
    /// How long; `None` until Ctrl-C.
    pub time: Option<Duration>,
    /// Figures on standard error in any case.
    pub live: bool,
    /// The kernel's file systems.
    pub root: Root,
}

impl Settings {
    /// Checks what the user asks for.
    pub fn new(root: &Root, args: &Args) -> Result<Settings, Problem> {
        Ok(Settings {
            device: args.vf.to_string(),
            mode: args.mode,
            dst: destination(args)?,
            size: args.size,
            burst: args.burst.into(),
            cores: choose(&args.core, args.queues, cores::allowed())?,
            time: args.seconds.map(Duration::from_secs_f64),
            live: args.live,
            root: root.clone(),
        })
    }

    /// How the port is set up.
    pub fn config(&self) -> Config {
        let queues = self.cores.len() as u16;
        Config {
            rx_queues: if self.mode == Mode::Tx { 1 } else { queues },
            tx_queues: if self.mode == Mode::Rx { 1 } else { queues },
            max_frame: self.size.max(STANDARD_FRAME),
            root: self.root.clone(),
            ..Config::default()
        }
    }

    /// What the library says about a configuration, in the words of the command line.
    pub fn explain(&self, error: barline::Error) -> Problem {
        let barline::Error::Config { key, value, allowed } = &error else {
            return error.into();
        };
        let option = match *key {
            "max_frame" => "--size",
            "rx_queues" | "tx_queues" => "--queues",
            _ => return error.into(),
        };
        Problem::Usage(format!("{}: {option} {value} is not possible: {allowed}", self.device))
    }
}

fn destination(args: &Args) -> Result<MacAddress, Problem> {
    let problem = match (args.mode, args.dst) {
        (Mode::Tx, None) => "tx needs --dst MAC, the address to send to; there is no default, \
                             since frames for nobody flood a network"
            .to_string(),
        (Mode::Tx, Some(mac)) if mac.is_zero() => {
            format!("--dst {mac} is nobody's address: give the receiver's")
        }
        (Mode::Tx, Some(mac)) => return Ok(mac),
        (_, None) => return Ok(MacAddress::default()),
        (mode, Some(_)) => format!("--dst is for tx: {} sends to nobody else", mode.name()),
    };
    Err(Problem::Usage(problem))
}

/// A core for each queue.
fn choose(asked: &[usize], queues: u16, allowed: &[usize]) -> Result<Vec<usize>, Problem> {
    let queues = usize::from(queues);
    let list = |cores: &[usize]| cores.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    if asked.is_empty() {
        if queues > allowed.len() {
            return Err(Problem::Usage(format!(
                "--queues {queues}: each has a core of its own, and this process may use {} \
                 ({}): ask for fewer",
                allowed.len(),
                list(allowed)
            )));
        }
        return Ok(allowed[..queues].to_vec());
    }
    for (i, core) in asked.iter().enumerate() {
        if !allowed.contains(core) {
            return Err(Problem::Usage(format!(
                "--core {core}: this process may use {}: choose among these",
                list(allowed)
            )));
        }
        if asked[..i].contains(core) {
            return Err(Problem::Usage(format!(
                "--core {}: {core} is there twice, and two threads that poll want a core each",
                list(asked)
            )));
        }
    }
    if asked.len() != queues {
        return Err(Problem::Usage(format!(
            "--core {}: {} named and --queues {queues}: name one core for each queue",
            list(asked),
            asked.len(),
        )));
    }
    Ok(asked.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(asked: &[usize], queues: u16) -> String {
        match choose(asked, queues, &[0, 1, 5]) {
            Err(Problem::Usage(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_queue_gets_a_core_that_there_is() {
        assert_eq!(choose(&[], 2, &[0, 1, 5]).unwrap(), [0, 1]);
        assert_eq!(choose(&[5, 0], 2, &[0, 1, 5]).unwrap(), [5, 0]);
        assert!(problem(&[], 4).contains("may use 3 (0,1,5)"));
        assert!(problem(&[2], 1).contains("--core 2: this process may use 0,1,5"));
        assert!(problem(&[1, 1], 2).contains("1 is there twice"));
        assert!(problem(&[0, 1], 1).starts_with("--core 0,1: 2 named and --queues 1"));
        assert!(problem(&[0], 2).starts_with("--core 0: 1 named and --queues 2"));
    }
}
