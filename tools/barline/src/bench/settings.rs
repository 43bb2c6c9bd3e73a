//! What a measurement is to be, checked as far as that goes without the device.

use std::time::Duration;

use barline::{Config, MacAddress, Root, cores};
use barline_device::DeviceName;
use softnic::uplink::UplinkSpec;

use super::Problem;
use super::args::{Args, Mode};
use super::cores::Cores;
use super::target::{self, Target};

/// Where `tx` sends on a software adapter: a local address that none of its VFs has.
const NOBODY: MacAddress = MacAddress([2, 0, 0, 0, 0, 0]);

/// How long a software adapter is measured. Nobody else needs it, so it need not wait for Ctrl-C.
const SOFT_TIME: Duration = Duration::from_secs(10);

/// A measurement to be made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The VF.
    pub device: DeviceName,
    /// The VF that `latency` sends to.
    pub peer: Option<DeviceName>,
    /// What is measured.
    pub mode: Mode,
    /// Where `tx` sends; zeros in other modes.
    pub dst: MacAddress,
    /// Bytes of a frame, with FCS.
    pub size: u16,
    /// Frames handled at once, at most.
    pub burst: usize,
    /// Who runs where; each queue has a worker.
    pub cores: Cores,
    /// How long; `None` until Ctrl-C.
    pub time: Option<Duration>,
    /// Figures on standard error in any case.
    pub live: bool,
    /// The kernel's file systems.
    pub root: Root,
}

impl Settings {
    /// Checks what the user asks for. `text` says that the answer is to be text.
    pub fn new(root: &Root, args: &Args, text: bool) -> Result<Settings, Problem> {
        let Target { device, peer, size } = Target::new(args)?;
        if args.mode == Mode::Latency && args.queues > 1 {
            return Err(Problem::Usage(format!(
                "--queues {}: latency uses one queue of each VF",
                args.queues
            )));
        }
        let cores = Cores::choose(&args.cores, args.queues, &device, cores::allowed())?;
        let soft_time = device.is_soft().then_some(SOFT_TIME);
        Ok(Settings {
            mode: args.mode,
            dst: destination(args, &device)?,
            size,
            burst: args.burst.map_or(default_burst(args.mode), usize::from),
            cores,
            time: args.seconds.map(Duration::from_secs_f64).or(soft_time),
            live: args.live || text,
            root: root.clone(),
            device,
            peer,
        })
    }

    /// How a port is set up.
    pub fn config(&self) -> Config {
        let queues = self.cores.workers.len() as u16;
        Config {
            rx_queues: if self.mode == Mode::Tx { 1 } else { queues },
            tx_queues: if self.mode == Mode::Rx { 1 } else { queues },
            max_frame: self.size.max(Config::default().max_frame),
            root: self.root.clone(),
            ..Config::default()
        }
    }

    /// The device to open, which is the one that the user named with its thread where it belongs.
    pub fn placed(&self, device: &DeviceName) -> DeviceName {
        target::on_core(device, self.cores.device)
    }

    /// What the library says about a device that does not open, in the words of the command line.
    pub fn explain(&self, device: &DeviceName, error: barline::Error) -> Problem {
        if let barline::Error::Config { key, value, allowed } = &error {
            let option = match *key {
                "max_frame" => "--size",
                "rx_queues" | "tx_queues" => "--queues",
                _ => return error.into(),
            };
            return Problem::Usage(format!(
                "{device}: {option} {value} is not possible: {allowed}"
            ));
        }
        // Nobody named the core of the adapter's thread.
        let placed = self.placed(device).to_string();
        Problem::Failed(error.to_string().replace(&placed, &device.to_string()))
    }
}

fn default_burst(mode: Mode) -> usize {
    match mode {
        Mode::Latency => 1,
        _ => 32,
    }
}

fn destination(args: &Args, device: &DeviceName) -> Result<MacAddress, Problem> {
    // A TAP interface leads out of the program.
    let inside =
        device.as_soft().is_some_and(|(spec, _)| !matches!(spec.uplink, UplinkSpec::Tap(_)));
    let problem = match (args.mode, args.dst) {
        (Mode::Tx, None) if inside => return Ok(NOBODY),
        (Mode::Tx, None) => "tx needs --dst MAC, the address to send to; there is no default, \
                             since frames for nobody flood a network"
            .to_string(),
        (Mode::Tx, Some(mac)) if mac.is_zero() => {
            format!("--dst {mac} is nobody's address: give the receiver's")
        }
        (Mode::Tx, Some(mac)) => return Ok(mac),
        (_, None) => return Ok(MacAddress::default()),
        (mode, Some(_)) => format!("--dst is for tx, and this is {}", mode.name()),
    };
    Err(Problem::Usage(problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::args;

    fn settings(words: &str) -> Result<Settings, Problem> {
        Settings::new(&Root::default(), &args(words), false)
    }

    fn problem(words: &str) -> String {
        match settings(words) {
            Err(Problem::Usage(problem)) => problem,
            other => panic!("{words}: {other:?}"),
        }
    }

    #[test]
    fn each_mode_has_what_it_needs_by_default() {
        let fwd = settings("").unwrap();
        assert_eq!((fwd.mode, fwd.burst, fwd.time), (Mode::Fwd, 32, Some(SOFT_TIME)));
        let tx = settings("tx").unwrap();
        assert_eq!((tx.dst, tx.size), (NOBODY, 64));
        let latency = settings("latency --seconds 1.5").unwrap();
        assert_eq!((latency.burst, latency.time), (1, Some(Duration::from_millis(1500))));
        let real = settings("rx --vf 0000:01:10.0").unwrap();
        assert_eq!((real.time, real.cores.device), (None, None));
    }

    #[test]
    fn frames_leave_the_program_only_for_somebody() {
        assert!(problem("tx --vf 0000:01:10.0").contains("tx needs --dst MAC"));
        assert!(problem("tx --vf soft:uplink=tap:soft0").contains("tx needs --dst MAC"));
        assert!(
            problem("fwd --dst 02:00:00:00:00:01").contains("--dst is for tx, and this is fwd")
        );
        assert!(problem("latency --dst 02:00:00:00:00:01").contains("--dst is for tx"));
        assert!(problem("tx --dst 00:00:00:00:00:00").contains("nobody's address"));
        assert!(problem("latency --queues 2").contains("one queue of each VF"));
    }

    #[test]
    fn the_adapters_thread_is_put_on_a_core_that_is_left() {
        let settings = settings("").unwrap();
        let opened = settings.placed(&settings.device);
        let (spec, _) = opened.as_soft().unwrap();
        assert_eq!(spec.core, settings.cores.device);
        assert_eq!(settings.device.to_string(), "soft");
    }
}
