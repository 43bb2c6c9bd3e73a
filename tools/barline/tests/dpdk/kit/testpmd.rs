//! An interactive testpmd.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Instant;

use barline::MacAddress;
use softvfio::topology::vf_address;
use tempfile::TempDir;

use super::prompt;
use super::report::{Fields, Forwarded, PortStats};
use super::terminal::Terminal;
use super::{Functions, LIMIT, Run, RxFunction, TxFunction};

const PROGRAM: &str = "dpdk-testpmd";

/// What testpmd says to a command that it does not take.
const NOT_UNDERSTOOD: [&str; 3] = ["Bad arguments", "Command not found", "Ambiguous command"];

/// How a testpmd is started.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The VFs that it drives; its port 0 is the first of them.
    pub vfs: &'a [usize],
    /// Which of its driver's paths it may take.
    pub paths: Paths,
    /// Receive and transmit queues of each port.
    pub queues: u16,
    /// What its memory is made of.
    pub memory: Memory,
    /// Further arguments of the EAL.
    pub eal: &'a [&'a str],
    /// Further arguments of testpmd itself, such as `--forward-mode=macswap`.
    pub app: &'a [&'a str],
}

/// Which functions of its driver DPDK may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// Those with SIMD, where what is asked of the port allows them.
    Vector,
    /// None with SIMD.
    Scalar,
}

impl Paths {
    /// Both, for tests that run with each.
    pub const ALL: [Paths; 2] = [Paths::Vector, Paths::Scalar];
}

/// What a testpmd's 128 MiB of memory are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Ordinary pages.
    Ordinary,
    /// Hugepages, in no files.
    Huge,
}

impl Options<'_> {
    /// One queue pair of one VF, vector paths, ordinary pages, nothing else.
    pub const VF1: Options<'static> = Options {
        vfs: &[1],
        paths: Paths::Vector,
        queues: 1,
        memory: Memory::Ordinary,
        eal: &[],
        app: &[],
    };
}

/// A testpmd with a prompt. It does not forward until it is told `start`. Dropping it kills it.
pub struct Testpmd {
    terminal: Terminal,
    /// Up to where its output was used, the last prompt included.
    seen: usize,
    /// Where it puts the files of its run.
    _runtime: TempDir,
}

impl Testpmd {
    /// Starts it in a run and waits for its prompt. Its ports are started.
    #[track_caller]
    pub fn start(run: &Run, options: &Options<'_>) -> Testpmd {
        Testpmd::start_by(run.command(PROGRAM), options)
    }

    /// Starts it by a command that ends with its name; its arguments come after that.
    #[track_caller]
    pub fn start_by(command: Command, options: &Options<'_>) -> Testpmd {
        let mut testpmd = Testpmd::launch(command, options);
        testpmd.read("its start");
        testpmd
    }

    #[track_caller]
    fn launch(mut command: Command, options: &Options<'_>) -> Testpmd {
        let runtime = tempfile::tempdir().unwrap();
        command.args(arguments(options)).env("RUNTIME_DIRECTORY", runtime.path());
        let terminal = Terminal::start(command).unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => {
                panic!("no {PROGRAM}: install dpdk-dev (as root: apt-get install dpdk-dev)")
            }
            _ => panic!("{PROGRAM}: {error}"),
        });
        Testpmd { terminal, seen: 0, _runtime: runtime }
    }

    /// Gives a command and returns what it prints, errors with it, up to the next prompt.
    #[track_caller]
    pub fn command(&mut self, line: &str) -> String {
        if let Err(error) = self.terminal.type_line(line) {
            self.fail(&format!("`{line}`: {error}"));
        }
        let answer = self.read(line);
        // It echoes the line as it reads it.
        let answer = answer.strip_prefix(' ').unwrap_or(&answer);
        let answer = answer.strip_prefix(line).unwrap_or(answer).trim_start_matches('\n');
        if NOT_UNDERSTOOD.iter().any(|words| answer.contains(words)) {
            self.fail(&format!("`{line}` was not understood: {answer}"));
        }
        answer.to_string()
    }

    /// What it prints until the next prompt.
    #[track_caller]
    fn read(&mut self, what: &str) -> String {
        let from = self.seen;
        match self.terminal.wait_until(prompt::find, from, LIMIT) {
            Ok(prompt) => {
                self.seen = from + prompt.end;
                self.terminal.printed()[from..from + prompt.start].to_string()
            }
            Err(why) => self.fail(&format!("`{what}`: no prompt, {why}")),
        }
    }

    /// Waits until it has printed something by itself since its start, such as an event.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        if let Err(why) = self.terminal.wait_for(text, 0, LIMIT) {
            self.fail(&format!("`{text}` was not printed, {why}"));
        }
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.terminal.process()
    }

    /// All that it has printed.
    pub fn log(&self) -> String {
        self.terminal.printed()
    }

    /// `show port stats`.
    #[track_caller]
    pub fn stats(&mut self, port: usize) -> PortStats {
        PortStats::read(&self.command(&format!("show port stats {port}")))
    }

    /// `show port xstats`.
    #[track_caller]
    pub fn xstats(&mut self, port: usize) -> Fields {
        Fields::read(&self.command(&format!("show port xstats {port}")))
    }

    /// `show port info`.
    #[track_caller]
    pub fn info(&mut self, port: usize) -> Fields {
        Fields::read(&self.command(&format!("show port info {port}")))
    }

    /// The unicast address of a port.
    #[track_caller]
    pub fn mac(&mut self, port: usize) -> MacAddress {
        self.info(port).text("MAC address").parse().unwrap()
    }

    /// Whether a port has a link.
    #[track_caller]
    pub fn link(&mut self, port: usize) -> bool {
        match self.info(port).text("Link status") {
            "up" => true,
            "down" => false,
            other => panic!("a link that is {other}"),
        }
    }

    /// Stops forwarding; returns what the devices of all ports had counted by then since it was started.
    /// What is queued at them goes on, and what they have just done may not be counted yet.
    #[track_caller]
    pub fn stop(&mut self) -> Forwarded {
        Forwarded::read(&self.command("stop"))
    }

    /// Stops forwarding, with nothing under way any more; waits until the devices have counted so many
    /// frames, all of which were forwarded.
    #[track_caller]
    pub fn stop_after(&mut self, frames: u64) {
        let wanted = Forwarded { received: frames, sent: frames, dropped: 0 };
        let mut forwarded = self.stop();
        let end = Instant::now() + LIMIT;
        while forwarded != wanted {
            if Instant::now() > end || forwarded.received > frames || forwarded.sent > frames {
                self.fail(&format!("{forwarded:?} instead of {wanted:?}"));
            }
            forwarded = Forwarded::read(&self.command("show fwd stats all"));
        }
    }

    /// Which functions of its driver port 0 uses since it was started last.
    #[track_caller]
    pub fn functions(&self) -> Functions {
        Functions::read(&self.log())
    }

    /// Fails unless port 0 uses what ixgbevf chooses when only the width of SIMD is asked for.
    #[track_caller]
    pub fn assert_plain(&self, paths: Paths) {
        let wanted = match paths {
            Paths::Vector => Functions { rx: RxFunction::Vector, tx: TxFunction::Vector },
            Paths::Scalar => Functions { rx: RxFunction::Bulk, tx: TxFunction::Simple },
        };
        let functions = self.functions();
        if functions != wanted {
            self.fail(&format!("it uses {functions:?} instead of {wanted:?}"));
        }
    }

    /// Fails with what it has printed.
    #[track_caller]
    pub fn fail(&self, why: &str) -> ! {
        panic!("testpmd: {why}\nIt printed:\n{}", self.log());
    }

    /// Waits for it to end by itself with exit status 1, as it does when it cannot have a device that it
    /// was told to use. Returns all that it has printed.
    #[track_caller]
    pub fn refused(run: &Run, options: &Options<'_>) -> String {
        let mut testpmd = Testpmd::launch(run.command(PROGRAM), options);
        match testpmd.terminal.wait(LIMIT) {
            Ok(status) if status.code() == Some(1) => testpmd.log(),
            Ok(status) => testpmd.fail(&format!("it ended with {status}")),
            Err(why) => testpmd.fail(&format!("it did not end, {why}")),
        }
    }

    /// Kills it with SIGKILL.
    pub fn kill(self) {
        drop(self);
    }

    /// Ends it in order: exit status 0. Returns all that it has printed.
    #[track_caller]
    pub fn quit(mut self) -> String {
        if let Err(error) = self.terminal.type_line("quit") {
            self.fail(&format!("`quit`: {error}"));
        }
        match self.terminal.wait(LIMIT) {
            Ok(status) if status.success() => self.log(),
            Ok(status) => self.fail(&format!("it ended with {status}")),
            Err(why) => self.fail(&format!("it did not end, {why}")),
        }
    }
}

/// testpmd's command line.
fn arguments(options: &Options<'_>) -> Vec<String> {
    let cpus = allowed_cpus();
    // Two threads of DPDK that may run on any CPU, so that machines with two of them suffice.
    let mut all = vec!["--lcores".into(), format!("0@({cpus}),1@({cpus})")];
    // DPDK takes one or the other.
    let memory = match options.memory {
        Memory::Ordinary => "--no-huge",
        Memory::Huge => "--in-memory",
    };
    let fixed = [memory, "-m", "128", "--no-shconf", "--no-telemetry"];
    all.extend(fixed.map(String::from));
    all.push("--log-level=pmd.net.ixgbe.init:8".into());
    if options.paths == Paths::Scalar {
        all.push("--force-max-simd-bitwidth=64".into());
    }
    for vf in options.vfs {
        all.extend(["-a".into(), vf_address(*vf)]);
    }
    all.extend(options.eal.iter().map(ToString::to_string));
    all.extend(["--".into(), "--interactive".into(), "--total-num-mbufs=8192".into()]);
    all.extend([format!("--rxq={}", options.queues), format!("--txq={}", options.queues)]);
    all.extend(options.app.iter().map(ToString::to_string));
    all
}

/// The CPUs that this process may use, such as `0-1` (proc_pid_status(5), Cpus_allowed_list).
fn allowed_cpus() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.unwrap().trim().to_string()
}
