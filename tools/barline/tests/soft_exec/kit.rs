//! Runs in a directory of each test's own, and programs that are told of line by line.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use testkit::{LONG, until};

pub const BARLINE: &str = env!("CARGO_BIN_EXE_barline");

/// Says each signal that it gets in a line of its own, and ends with status 7 after SIGUSR2. Its first
/// line tells that it is there, and the process that has started it.
pub const RECORDER: &str = r#"
for s in INT TERM HUP QUIT USR1 WINCH CONT ALRM; do trap "echo $s" $s; done
trap 'echo USR2; kill $!; exit 7' USR2
sleep 60 </dev/null >/dev/null 2>&1 &
echo ready $PPID
while kill -0 $!; do wait $!; done 2>/dev/null
"#;

/// What stands in for `/`: its dev/shm is where runs are.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("dev/shm")).unwrap();
        Place(dir)
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn shm(&self) -> PathBuf {
        self.root().join("dev/shm")
    }

    /// The directories of runs, and whatever else is there.
    pub fn runs(&self) -> Vec<PathBuf> {
        fs::read_dir(self.shm()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// `barline soft exec WORDS…`, in a process group of its own and outside of any run. It ignores no
    /// signal, as the tests do that `nohup` or a script has started in the background.
    pub fn exec<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Command {
        let mut command = Command::new("/usr/bin/env");
        command
            .args(["--default-signal", BARLINE])
            .arg("--root")
            .arg(self.root())
            .args(["soft", "exec"])
            .args(words);
        command.process_group(0).env_remove("BARLINE_SOFT").env_remove("LD_PRELOAD");
        command
    }

    /// A shell's script in a run.
    pub fn script(&self, script: &str) -> Command {
        self.exec(["--", "sh", "-c", script])
    }

    /// What a program in a run with default options ends with.
    pub fn output(&self, script: &str) -> Output {
        self.script(script).output().unwrap()
    }

    pub fn assert_empty(&self) {
        assert_eq!(self.runs(), Vec::<PathBuf>::new(), "left behind");
    }
}

/// Standard output of a run that ends well and has nothing to complain of.
#[track_caller]
pub fn said(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{}: {stderr}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The one line on standard error, without `barline: `.
#[track_caller]
pub fn complaint(output: &Output, status: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    let line = stderr.strip_suffix('\n').filter(|line| !line.contains('\n'));
    let line = line.and_then(|line| line.strip_prefix("barline: "));
    line.unwrap_or_else(|| panic!("no single line of barline's: {stderr}")).to_string()
}

/// A program that runs. Dropping this kills it.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            // It ends with the program, or when nobody wants to know any more.
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok()
        });
        Running { child, lines }
    }

    /// The next line that it prints.
    #[track_caller]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(LONG).unwrap()
    }

    /// The number that its next line ends with.
    #[track_caller]
    pub fn number(&self) -> Pid {
        let line = self.line();
        let number = line.rsplit(' ').next().and_then(|number| number.parse().ok());
        Pid::from_raw(number.unwrap_or_else(|| panic!("no number: {line}")))
    }

    pub fn id(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.id(), signal).unwrap();
    }

    /// Its end, and what it has printed that was not asked for.
    #[track_caller]
    pub fn end(mut self) -> (ExitStatus, Vec<String>) {
        let mut status = None;
        until("its end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap(), self.lines.iter().collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as well.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Whether a process is there, and no zombie.
pub fn is_alive(process: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| !"ZX".contains(state))
}
