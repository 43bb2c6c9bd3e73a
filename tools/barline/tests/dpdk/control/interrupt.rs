//! The receive interrupt, which testpmd has no mode for: a small program of our own over libdpdk.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{LIMIT, Peer, Run, Terminal, until};

/// The program, which is built when it is first asked for.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dpdk/control/rx_interrupt.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rx_interrupt");
    let flags = output(Command::new("pkg-config").args(["--cflags", "--libs", "libdpdk"]));
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"]).args([&program, &source]);
    output(cc.args(flags.split_whitespace()));
    program
});

/// What a command prints; it must succeed.
fn output(command: &mut Command) -> String {
    let remedy = "as root: apt-get install gcc pkg-config libdpdk-dev";
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: {remedy}"));
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {}: {told}{remedy}", done.status);
    String::from_utf8(done.stdout).unwrap()
}

/// The program on VF 1, and the test's VF 0 that sends to it.
struct Sleeper {
    program: Terminal,
    seen: usize,
    peer: Peer,
    way: Way,
    sent: u32,
    /// Where DPDK puts the files of its run.
    _runtime: TempDir,
}

/// What the program has to say at its end.
#[derive(Clone, Copy, Debug)]
struct Slept {
    wakeups: u64,
    empty: u64,
    wall: Duration,
    cpu: Duration,
}

impl Sleeper {
    /// Starts it for so many frames; `interval` throttles its vector.
    #[track_caller]
    fn start(run: &Run, frames: u32, interval: Option<Duration>) -> Sleeper {
        let peer = Peer::open(run, 0);
        let runtime = tempfile::tempdir().unwrap();
        let mut command = run.command(PROGRAM.to_str().unwrap());
        command.env("RUNTIME_DIRECTORY", runtime.path());
        command.args(["--no-huge", "-m", "64", "--no-shconf", "--no-telemetry", "-a"]);
        command.args([&run.address(1), "--", &frames.to_string()]);
        command.args(interval.map(|interval| interval.as_micros().to_string()));
        let program = Terminal::start(command).unwrap();
        // As the PF numbers them.
        let mut to = peer.mac();
        to.0[5] += 1;
        let way = Way { from: peer.mac(), to };
        let mut sleeper = Sleeper { program, seen: 0, peer, way, sent: 0, _runtime: runtime };
        sleeper.wait_for("ready\n");
        sleeper
    }

    /// Waits until it says something that it has not said before.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        match self.program.wait_for(text, self.seen, LIMIT) {
            Ok(end) => self.seen = end,
            Err(why) => {
                panic!("no `{text}`, {why}, from rx_interrupt:\n{}", self.program.printed())
            }
        }
    }

    fn send(&mut self) {
        let frame = frames::frame(Kind::Plain, self.way, self.sent, frames::SHORTEST);
        self.peer.send(&[frame]);
        self.sent += 1;
    }

    /// Waits for its end; it must have had all frames.
    #[track_caller]
    fn finish(mut self) -> Slept {
        self.wait_for("cpu_us ");
        let status = self.program.wait(LIMIT);
        let log = self.program.printed();
        assert!(status.as_ref().is_ok_and(|status| status.success()), "{status:?}:\n{log}");
        let number = |name: &str| -> u64 {
            let at = log.rfind(name).unwrap_or_else(|| panic!("no {name}:\n{log}")) + name.len();
            log[at..].split_whitespace().next().unwrap().parse().unwrap()
        };
        assert_eq!(number("\nframes "), u64::from(self.sent));
        Slept {
            wakeups: number(" wakeups "),
            empty: number(" empty "),
            wall: Duration::from_micros(number(" wall_us ")),
            cpu: Duration::from_micros(number(" cpu_us ")),
        }
    }
}

#[test]
fn each_of_many_spaced_frames_wakes_a_program_that_sleeps() {
    const FRAMES: u32 = 200;
    let run = Run::new("vfs=2,uplink=sink");
    let mut sleeper = Sleeper::start(&run, FRAMES, None);
    for number in 1..=FRAMES {
        // Long enough for it to sleep.
        std::thread::sleep(Duration::from_millis(3));
        sleeper.send();
        sleeper.wait_for(&format!("woken: {number} frames\n"));
    }
    let slept = sleeper.finish();
    assert_eq!(slept.wakeups - slept.empty, u64::from(FRAMES), "{slept:?}");
    assert!(slept.empty <= 1, "woken for nothing: {slept:?}");
    assert!(slept.cpu * 3 < slept.wall, "it did not sleep: {slept:?}");
}

/// Frames come when they like, also between the last look at the ring and the moment when the interrupt is
/// let through again.
#[test]
fn no_frame_is_slept_through_whenever_it_comes() {
    const FRAMES: u32 = 5000;
    let run = Run::new("vfs=2,uplink=sink");
    let mut sleeper = Sleeper::start(&run, FRAMES, None);
    flow(&mut sleeper, FRAMES);
    let slept = sleeper.finish();
    assert!(slept.wakeups > 10, "{slept:?}");
}

/// With an interval there are fewer interrupts, and none is lost.
#[test]
fn throttling_delays_wakeups_and_loses_none() {
    const FRAMES: u32 = 5000;
    const INTERVAL: Duration = Duration::from_micros(1000);
    let run = Run::new("vfs=2,uplink=sink");
    let mut sleeper = Sleeper::start(&run, FRAMES, Some(INTERVAL));
    flow(&mut sleeper, FRAMES);
    let slept = sleeper.finish();
    let most = slept.wall.div_duration_f64(INTERVAL) as u64 + 2;
    assert!(slept.wakeups <= most, "more than {most}: {slept:?}");
}

/// Sends frames at all kinds of distances, but no more at a time than the other's ring has room for.
fn flow(sleeper: &mut Sleeper, frames: u32) {
    for number in 0..frames {
        std::thread::sleep(Duration::from_micros(u64::from(number * 37 % 101)));
        sleeper.send();
        if number % 200 == 199 {
            let words = format!("woken: {} frames\n", number + 1);
            until("all have come", || sleeper.program.printed().contains(&words));
        }
    }
}

#[test]
#[should_panic(expected = "apt-get install gcc pkg-config libdpdk-dev")]
fn without_a_compiler_it_is_said_what_to_install() {
    output(&mut Command::new("/nonexistent/cc"));
}

#[test]
#[should_panic(expected = "apt-get install gcc pkg-config libdpdk-dev")]
fn without_the_library_it_is_said_what_to_install() {
    output(Command::new("pkg-config").env("PKG_CONFIG_LIBDIR", "/nonexistent").arg("libdpdk"));
}
