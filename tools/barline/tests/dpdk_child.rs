//! DPDK's side of `versus`, by itself: it compiles here, each path runs the functions that it is named after,
//! and it loses nothing in any kind of measurement.
//!
//! It wants libdpdk, a compiler and hugepages: as root `apt-get install libdpdk-dev gcc pkg-config`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use barline::cores;
use barline_benches::versus::dpdk::Program;
use barline_benches::versus::protocol::{Answer, ChildConfig, Order, Ready};
use barline_benches::versus::rows::{Column, Mode, Placement};
use softnic::Spec;
use softvfio::run::Run;
use softvfio::topology::vf_address;
use testkit::{Hugepages, LONG, until};

static PROGRAM: LazyLock<Program> =
    LazyLock::new(|| Program::compile(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap());

/// How long a measurement is: long enough for samples of every kind.
const MICROSECONDS: u32 = 2000;

/// Pages of 2 MiB that the largest of these programs takes, and what [`Program::compile`] asks for.
const PAGES: u64 = 40;

/// One test at a time has the cores and the hugepages, which go before the next one has its turn.
struct Turn {
    _pages: Hugepages,
    _turn: MutexGuard<'static, ()>,
}

fn turn() -> Turn {
    static ALONE: Mutex<()> = Mutex::new(());
    let turn = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Turn { _pages: Hugepages::free(PAGES), _turn: turn }
}

/// One VF with one queue, which the first core drives.
fn config(column: Column) -> ChildConfig {
    let cores: BTreeSet<usize> = cores::allowed().iter().copied().collect();
    let mut cores = cores.into_iter();
    ChildConfig {
        column,
        vfs: vec![vf_address(0)],
        ring: 512,
        queues: 1,
        core: cores.next().unwrap(),
        other_core: cores.next(),
        max_frame: 64,
        offloads: column == Column::Full,
    }
}

/// A program that has received its first packet. Dropping it kills it.
struct Running {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<String>,
    /// DPDK's, for tests that fail.
    log: File,
    // It ends after its program.
    _run: Run,
}

impl Running {
    /// Starts it on an adapter with these options.
    fn start(options: &str, config: &ChildConfig) -> (Running, Ready) {
        let run = run(options);
        let command = PROGRAM.command(&run, config);
        let running = Running::start_by(run, command);
        match running.answer() {
            Answer::Ready(ready) => (running, ready),
            other => panic!("{other:?}"),
        }
    }

    fn start_by(run: Run, mut command: Command) -> Running {
        let log = tempfile::tempfile().unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        // It ends with the program.
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok()
        });
        Running { orders: child.stdin.take(), child, lines, log, _run: run }
    }

    /// The next line that it prints.
    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(3 * LONG).unwrap()
    }

    #[track_caller]
    fn answer(&self) -> Answer {
        self.line().parse().unwrap()
    }

    #[track_caller]
    fn ask(&mut self, order: &str) -> Answer {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        self.answer()
    }

    /// A slot: it has samples, of so many frames as they should be, and none is lost.
    #[track_caller]
    fn slot(&mut self, mode: Mode, burst: u16, placement: Placement) {
        let microseconds = MICROSECONDS;
        let order = Order::Slot { mode, burst, placement, microseconds }.to_string();
        let Answer::Slot(slot) = self.ask(&order) else { panic!("{order}: no slot") };
        assert!(!slot.samples.is_empty(), "{order}: no samples");
        assert!(slot.frames >= 2048 * slot.samples.len() as u64, "{order}: {}", slot.frames);
        assert!(slot.samples.iter().all(|cycles| *cycles > 0.1), "{order}: {:?}", slot.samples);
        assert_eq!(slot.lost, 0, "{order}");
    }

    /// Its end, after what it was told last.
    #[track_caller]
    fn end(mut self) -> ExitStatus {
        drop(self.orders.take());
        let mut status = None;
        until("its end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as well.
        _ = self.child.kill();
        _ = self.child.wait();
        if thread::panicking() {
            let mut log = String::new();
            _ = self.log.rewind().and_then(|()| self.log.read_to_string(&mut log));
            eprintln!("{log}");
        }
    }
}

fn run(options: &str) -> Run {
    let spec = Spec::parse(&format!("drive=caller,{options}")).unwrap();
    Run::create(&spec).unwrap()
}

/// Each path by its functions.
const PATHS: [(Column, [&str; 2]); 3] = [
    (Column::Vector, ["ixgbe_recv_pkts_vec", "ixgbe_xmit_pkts_vec"]),
    (Column::Scalar, ["ixgbe_recv_pkts_bulk_alloc", "ixgbe_xmit_pkts_simple"]),
    (Column::Full, ["ixgbe_recv_pkts_vec", "ixgbe_xmit_pkts"]),
];

/// The functions without what newer DPDKs say of them in brackets.
fn names(ready: &Ready) -> Vec<&str> {
    let functions = ready.functions.as_deref().unwrap().split(", ");
    functions.map(|function| function.split(" (").next().unwrap()).collect()
}

#[test]
fn each_path_runs_its_functions_and_loses_nothing_in_any_mode() {
    let _turn = turn();
    for (column, functions) in PATHS {
        let config = config(column);
        let (mut program, ready) = Running::start("vfs=2", &config);
        assert_eq!(names(&ready), functions);
        assert!(ready.version.unwrap().starts_with("DPDK "));
        assert!(ready.tsc_hz > 500_000_000, "{}", ready.tsc_hz);
        assert!(ready.started_us > 0 && ready.resident_kib > 1024);
        for mode in [Mode::Rx, Mode::Tx, Mode::Fwd, Mode::FwdMac] {
            program.slot(mode, 32, Placement::Local);
        }
        if column == Column::Full {
            program.slot(Mode::FwdOffload, 32, Placement::Local);
        }
        // The vector path gives no fewer than 4 and no more than 32 at a time.
        for burst in [1, 3, 4, 31, 33, 256] {
            program.slot(Mode::Fwd, burst, Placement::Local);
            program.slot(Mode::Tx, burst, Placement::Local);
        }
        program.slot(Mode::Fwd, 32, Placement::Cold);
        if config.other_core.is_some() {
            program.slot(Mode::Fwd, 32, Placement::Remote);
            program.slot(Mode::Tx, 32, Placement::Remote);
        }
        assert!(program.end().success());
    }
}

#[test]
fn beside_the_device_it_counts_and_loses_nothing() {
    let _turn = turn();
    let config = config(Column::Vector);
    if config.other_core.is_none() {
        // What it says then is all that there is to see.
        let (mut program, _) = Running::start("vfs=2", &config);
        let answer = program.ask("latency 2000");
        assert_eq!(answer, Answer::Failed("this takes a second core, and there is none".into()));
        return;
    }
    let (mut program, _) = Running::start("vfs=2", &config);
    for mode in [Mode::Rx, Mode::Tx, Mode::Fwd] {
        // Long enough for both sides to have had a core on a busy machine.
        let order = Order::Rate { mode, burst: 32, microseconds: 100_000 }.to_string();
        let Answer::Rate(rate) = program.ask(&order) else { panic!("{order}: no rate") };
        assert!(rate.frames > 0 && rate.nanoseconds >= 100_000_000, "{order}: {rate:?}");
        assert_eq!(rate.lost, 0, "{order}");
    }
    let order = Order::Latency { microseconds: 100_000 }.to_string();
    let Answer::Latency(latency) = program.ask(&order) else { panic!("{order}: no latency") };
    assert!(!latency.round_trips.is_empty());
    assert!(latency.round_trips.iter().all(|cycles| *cycles > 100), "{latency:?}");
    assert_eq!(latency.lost, 0);
}

#[test]
fn several_vfs_several_queues_and_two_cores() {
    let _turn = turn();
    let two = ChildConfig { vfs: vec![vf_address(1), vf_address(4)], ..config(Column::Vector) };
    let (mut program, _) = Running::start("vfs=8", &two);
    for mode in [Mode::Rx, Mode::Tx, Mode::Fwd] {
        program.slot(mode, 32, Placement::Local);
    }
    assert!(program.end().success());

    for queues in [2, 4] {
        let config = ChildConfig { queues, ..config(Column::Vector) };
        let (mut program, _) = Running::start("vfs=2", &config);
        for mode in [Mode::Rx, Mode::Tx, Mode::Fwd] {
            program.slot(mode, 32, Placement::Local);
        }
        if config.other_core.is_some() {
            program.slot(Mode::Fwd, 32, Placement::Split);
            program.slot(Mode::Fwd, 256, Placement::Split);
            // What the other core has had is nobody's now.
            program.slot(Mode::Fwd, 32, Placement::Local);
        }
        assert!(program.end().success());
    }
}

#[test]
fn long_frames_and_short_rings_keep_the_vector_path() {
    let _turn = turn();
    for (options, ring, max_frame) in [("size=9018", 512, 9018), ("size=imix", 128, 1518)] {
        let config = ChildConfig { ring, max_frame, ..config(Column::Vector) };
        let (mut program, ready) = Running::start(&format!("vfs=2,{options}"), &config);
        assert_eq!(names(&ready), PATHS[0].1, "{options}");
        for mode in [Mode::Rx, Mode::Tx, Mode::Fwd, Mode::FwdMac] {
            program.slot(mode, 32, Placement::Local);
        }
        assert!(program.end().success());
    }
}

/// The doorbell instruction that is no store into a cache is hidden from DPDK by a function of the program,
/// so it must be that function which the driver asks.
#[test]
fn the_driver_asks_the_program_for_movdiri() {
    let _turn = turn();
    let run = run("vfs=1");
    let command = PROGRAM.command(&run, &config(Column::Vector));
    let program = Running::start_by(run, command);
    let line = program.line();
    let ready: serde_json::Value =
        serde_json::from_str(line.strip_prefix("ready ").unwrap()).unwrap();
    assert!(ready["movdiri_asked"].as_u64() >= Some(1), "{line}");
}

/// Starts it with an argument changed, and returns what it says when it fails.
#[track_caller]
fn refusal(column: Column, from: &str, to: &str) -> String {
    let run = run("vfs=1");
    let usual = PROGRAM.command(&run, &config(column));
    let mut command = Command::new(usual.get_program());
    command
        .args(usual.get_args().map(|word| if word == from { to } else { word.to_str().unwrap() }));
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let program = Running::start_by(run, command);
    let Answer::Failed(why) = program.answer() else { panic!("{to}: it has not failed") };
    assert_eq!(program.end().code(), Some(1));
    why
}

#[test]
fn a_path_that_is_none_of_its_name_fails() {
    let _turn = turn();
    assert_eq!(
        refusal(Column::Vector, "--path=vector", "--path=scalar"),
        "port 0: the driver uses ixgbe_recv_pkts_vec and ixgbe_xmit_pkts_vec, and not \
         ixgbe_recv_pkts_bulk_alloc and ixgbe_xmit_pkts_simple as the scalar path does"
    );
    let said = refusal(Column::Full, "--path=full", "--path=other");
    assert_eq!(said, "no path is called other: vector, scalar or full");
    let said = refusal(Column::Vector, "--ring=512", "--ring=8192");
    assert_eq!(said, "`8192`: expected 64 to 4096");
    let said = refusal(Column::Vector, "--allow=0000:01:10.0", "--allow=0000:7f:00.0");
    assert_eq!(said, "DPDK has found 0 of 1 VFs; its log is on standard error");
}

#[test]
fn what_it_cannot_do_it_says_and_ends() {
    let _turn = turn();
    for (order, said) in [
        ("slot fwd_offload 32 local 1000", "fwd_offload takes the full path, with offloads"),
        ("slot rx 513 local 1000", "`513`: expected 1 to 512"),
        ("slot rx 32 warm 1000", "`warm` is no mode or placement"),
        (
            "slot tx 32 split 1000",
            "split: forwarding over two or four queues of one VF is what can be divided",
        ),
        ("rate fwd_mac 32 1000", "a rate is of rx, tx or fwd"),
        ("dance", "`dance` is no order"),
    ] {
        let (mut program, _) = Running::start("vfs=1", &config(Column::Vector));
        assert_eq!(program.ask(order), Answer::Failed(said.into()), "{order}");
        assert_eq!(program.end().code(), Some(1), "{order}");
    }
}

#[test]
fn told_to_end_it_closes_its_ports() {
    let _turn = turn();
    let (mut program, _) = Running::start("vfs=1", &config(Column::Vector));
    writeln!(program.orders.as_mut().unwrap(), "{}", Order::Quit).unwrap();
    let mut status = None;
    // Its pipe stays open.
    until("its end", || {
        thread::sleep(Duration::from_millis(1));
        status = program.child.try_wait().unwrap();
        status.is_some()
    });
    assert!(status.unwrap().success());
}
