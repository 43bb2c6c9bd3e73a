//! One run: a guest from its start to its end, with everything it says heard and answered.

use crate::console::{self, Finding};
use crate::interrupt;
use crate::judge::Judge;
use crate::prepare::Prepared;
use crate::qemu::{self, Qemu};
use crate::qemu_args::Machine;
use crate::qmp::Qmp;
use crate::report::Printer;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use vmtest::protocol::{FromGuest, FromHost, Request};
use vmtest::spec::Spec;
use vmtest::{Context, Result};

/// How long a guest may take to come up, and QEMU to end.
const BOOT: Duration = Duration::from_secs(90);
const END: Duration = Duration::from_secs(20);
/// How much longer than the guest the host waits: the guest can say where it hangs.
const GRACE: Duration = Duration::from_secs(15);

/// What the guest is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A test of the table.
    Test,
    /// The demonstration, without a limit.
    Demo,
}

/// How a run went.
pub struct Run {
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// How long it took, all in all.
    pub elapsed: Duration,
    /// The directory with the logs of a failure.
    pub logs: PathBuf,
    /// Whether it failed by no fault of the guest's, but of the emulator's.
    pub emulator_fault: bool,
    /// Why each run before this one was worth nothing.
    pub lost: Vec<String>,
}

impl Run {
    /// The same run, judged the other way round: good if it failed for that reason.
    pub fn must_fail_with(mut self, reason: &str) -> Result<Self> {
        self.failure = match self.failure {
            Some(failure) if failure.contains(reason) => {
                fs::remove_dir_all(&self.logs).context(self.logs.display())?;
                None
            }
            Some(failure) => Some(format!("it failed, but not with {reason:?}: {failure}")),
            None => Some(format!("it passed, but should have failed with {reason:?}")),
        };
        Ok(self)
    }
}

enum Event {
    Console(String),
    Qemu(String),
    Channel(String),
    /// One of the three has ended.
    Closed,
}

/// Boots the guest and sees it through.
pub fn run(prepared: &Prepared, spec: &Spec, mode: Mode, scale: f64) -> Result<Run> {
    interrupt::install();
    let start = Instant::now();
    let limit = Duration::from_secs(spec.timeout_s).mul_f64(scale);
    let logs = prepared.logs.join(format!("{}-{}", spec.name, prepared.kernel));
    fs::create_dir_all(&logs).context(logs.display())?;
    let words = match mode {
        Mode::Test => vec![
            "vmtest.mode=test".into(),
            format!("vmtest.test={}", spec.name),
            format!("vmtest.timeout={}", limit.as_secs().max(1)),
        ],
        Mode::Demo => vec!["vmtest.mode=demo".into()],
    };
    let append: Vec<String> =
        words.into_iter().chain(spec.append.iter().map(|word| word.to_string())).collect();
    let (qemu, sockets) = Qemu::start(Machine {
        topology: spec.topology,
        kernel: &prepared.kernel_image.to_string_lossy(),
        initramfs: &prepared.initramfs,
        append: &append,
        sockets: [0; 3],
    })?;
    let log = |name: &str| File::create(logs.join(name)).context(logs.display());
    let (sender, events) = mpsc::channel();
    let answers = sockets.channel.try_clone()?;
    let console = log("console.log")?;
    qemu::forward(sockets.console, console, sender.clone(), Event::Console, Event::Closed);
    qemu::forward(sockets.stderr, log("qemu.log")?, sender.clone(), Event::Qemu, Event::Closed);
    let silent = std::io::sink();
    qemu::forward(sockets.channel, silent, sender, Event::Channel, Event::Closed);
    let mut session = Session {
        qemu,
        events,
        answers,
        qmp: Qmp::new(sockets.monitor)?,
        judge: Judge::new(spec.provokes_dma_faults),
        printer: Printer::new(mode, log("output.log")?),
        closed: 0,
    };
    let limit = (mode == Mode::Test).then_some(limit + GRACE.mul_f64(scale));
    let cut_short = session.live(limit, scale)?;
    session.printer.end();
    let failure = session.judge.failure(cut_short);
    if failure.is_none() {
        // Only failures leave logs, so that each directory in there is one.
        fs::remove_dir_all(&logs).context(logs.display())?;
    }
    let emulator_fault = failure.is_some() && session.judge.has_emulator_fault();
    Ok(Run { failure, elapsed: start.elapsed(), logs, emulator_fault, lost: vec![] })
}

struct Session {
    qemu: Qemu,
    events: Receiver<Event>,
    answers: UnixStream,
    qmp: Qmp,
    judge: Judge,
    printer: Printer,
    closed: usize,
}

impl Session {
    /// Lives through the run. Returns why it was ended from outside, if it was.
    fn live(&mut self, limit: Option<Duration>, scale: f64) -> Result<Option<String>> {
        let mut stage = Stage::Boot;
        let mut end = Some(Instant::now() + BOOT.mul_f64(scale));
        let mut cut_short = None;
        loop {
            if let Ok(event) = self.events.recv_timeout(Duration::from_millis(50)) {
                let next = self.handle(event)?;
                if let Some(next) = next.filter(|next| *next != stage) {
                    let span = match next {
                        Stage::Boot => Some(BOOT.mul_f64(scale)),
                        Stage::Test => limit,
                        Stage::End => Some(END.mul_f64(scale)),
                    };
                    end = span.map(|span| Instant::now() + span);
                    stage = next;
                }
            }
            // All three ends close with QEMU, and then everything that it said has been heard.
            if self.closed == 3 {
                break;
            }
            let overdue = end.is_some_and(|end| Instant::now() > end);
            let stuck = self.judge.has_emulator_fault();
            if cut_short.is_none() && (overdue || stuck || interrupt::seen()) {
                cut_short = Some(match stage {
                    _ if interrupt::seen() => "interrupted".into(),
                    _ if stuck => "the emulator failed by itself".into(),
                    Stage::Boot => "the guest did not come up".into(),
                    Stage::Test => "a hang: no result from the guest".into(),
                    Stage::End => "QEMU did not end when told to".into(),
                });
                self.qemu.kill();
            }
        }
        let status = self.wait()?;
        let bad = cut_short.is_none() && !self.judge.has_result() && !self.judge.is_broken();
        if bad && !status.is_some_and(|status| status.success()) {
            cut_short = Some(match status {
                Some(status) => format!("QEMU ended by itself ({status}), see qemu.log"),
                None => "QEMU closed its consoles and did not end, see qemu.log".into(),
            });
        }
        Ok(cut_short)
    }

    /// QEMU's exit status; its sockets close shortly before it is gone.
    fn wait(&mut self) -> Result<Option<std::process::ExitStatus>> {
        for _ in 0..200 {
            if let Some(status) = self.qemu.try_wait()? {
                return Ok(Some(status));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(None)
    }

    /// Deals with an event; returns the stage that begins with it.
    fn handle(&mut self, event: Event) -> Result<Option<Stage>> {
        match event {
            Event::Closed => self.closed += 1,
            Event::Console(line) => self.note(console::kernel_line(&line), &line),
            Event::Qemu(line) => self.note(console::qemu_line(&line), &line),
            Event::Channel(line) => match FromGuest::parse(&line) {
                Some(message) => return self.hear(message),
                None => self.printer.print(&format!("[not of the protocol: {line:?}]\n")),
            },
        }
        Ok(None)
    }

    fn note(&mut self, finding: Option<Finding>, line: &str) {
        if let Some(finding) = finding {
            self.judge.note(finding, line);
        }
    }

    fn hear(&mut self, message: FromGuest) -> Result<Option<Stage>> {
        self.judge.hear(&message);
        match message {
            FromGuest::Up => return Ok(Some(Stage::Test)),
            FromGuest::Pass | FromGuest::Fail(_) => {
                self.qmp.quit();
                return Ok(Some(Stage::End));
            }
            FromGuest::Output(text) => self.printer.print(&text),
            FromGuest::Ask(request) => {
                let answer = match self.answer(request) {
                    Ok(text) => FromHost::Ok(text),
                    Err(error) => FromHost::Refused(error.to_string()),
                };
                // A guest that is gone needs no answer.
                let _ = writeln!(self.answers, "{}", answer.to_line());
            }
        }
        Ok(None)
    }

    fn answer(&mut self, request: Request) -> Result<String> {
        match request {
            Request::SetLink { pf, up } => self.qmp.set_link(pf, up).map(|()| String::new()),
            Request::DmaFaults => Ok(self.judge.faults().to_string()),
            Request::Monitor(command) => self.qmp.monitor(&command),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Boot,
    Test,
    End,
}
