//! Programs that a test runs: with a time limit, their output kept, as another user or elsewhere.

use crate::netns::Netns;
use crate::sys;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vmtest::{Context, Result, bail};

/// Runs iproute2's `ip` and returns what it prints.
pub fn ip(args: &[&str]) -> Result<String> {
    Program::new("/usr/sbin/ip").args(args).check()
}

/// A program to run.
pub struct Program {
    words: Vec<String>,
    environment: Vec<(String, String)>,
    limit: Duration,
    user: Option<u32>,
    memlock: Option<u64>,
    terminal: bool,
    echo: bool,
}

impl Program {
    /// The program of that name or path, with a limit of 30 s.
    pub fn new(name: &str) -> Self {
        Self {
            words: vec![name.into()],
            environment: Vec::new(),
            limit: Duration::from_secs(30),
            user: None,
            memlock: None,
            terminal: false,
            echo: false,
        }
    }

    /// A worker of this program's own table: code of a test in a process of its own.
    pub fn worker(name: &str) -> Self {
        Self::new("/init").args(["worker", name])
    }

    /// With one more argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.words.push(arg.into());
        self
    }

    /// With more arguments.
    pub fn args<S: AsRef<str>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.words.extend(args.into_iter().map(|arg| arg.as_ref().to_string()));
        self
    }

    /// With this in its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// With another limit.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// As this user and the group of the same number, with no other groups.
    pub fn user(mut self, id: u32) -> Self {
        self.user = Some(id);
        self
    }

    /// Allowed to lock so many bytes of memory.
    pub fn memlock(mut self, bytes: u64) -> Self {
        self.memlock = Some(bytes);
        self
    }

    /// Inside a network namespace.
    pub fn netns(mut self, namespace: &Netns) -> Self {
        let prefix = ["/usr/sbin/ip", "netns", "exec", &namespace.name];
        self.words.splice(0..0, prefix.map(String::from));
        self
    }

    /// On a terminal, for programs that keep their output back otherwise.
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// With its output on the test's as well.
    pub fn echo(mut self) -> Self {
        self.echo = true;
        self
    }

    /// Runs it to its end. An exit status other than 0 is no error here, a missed limit is.
    pub fn run(self) -> Result<Finished> {
        let limit = self.limit;
        self.start()?.finish(limit)
    }

    /// Runs it to its end, which must be a good one, and returns what it printed.
    pub fn check(self) -> Result<String> {
        let title = self.words.join(" ");
        let finished = self.run()?;
        if !finished.status.success() {
            bail!("`{title}`: {}: {}", finished.status, finished.output.trim());
        }
        Ok(finished.output)
    }

    /// Starts it. It is killed when the value that stands for it is dropped.
    pub fn start(self) -> Result<Running> {
        let title = self.words.join(" ");
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).envs(self.environment);
        if let Some(id) = self.user {
            command.uid(id).gid(id);
        }
        if let Some(bytes) = self.memlock {
            sys::limit_memlock(&mut command, bytes);
        }
        let (input, output): (Box<dyn Write + Send>, Box<dyn Read + Send>) = if self.terminal {
            let (master, slave) = sys::open_pty()?;
            sys::make_raw(&slave)?;
            command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
            (Box::new(master.try_clone()?), Box::new(master))
        } else {
            let (output, stdout) = std::io::pipe()?;
            let (stdin, input) = std::io::pipe()?;
            command.stdin(Stdio::from(stdin)).stdout(stdout.try_clone()?).stderr(stdout);
            (Box::new(input), Box::new(output))
        };
        let child = command.spawn().context(format_args!("`{title}`"))?;
        // The command holds this process's copies of the program's ends: let them go, or the
        // output never ends.
        drop(command);
        let text = Arc::new(Mutex::new(String::new()));
        let (sink, echo) = (Arc::clone(&text), self.echo);
        let reader = std::thread::spawn(move || collect(output, &sink, echo));
        Ok(Running { title, child, input: Some(input), text, reader: Some(reader) })
    }
}

fn collect(mut output: impl Read, sink: &Mutex<String>, echo: bool) {
    let mut buffer = [0; 4096];
    // A terminal whose program is gone answers EIO.
    while let Ok(n @ 1..) = output.read(&mut buffer) {
        let piece = String::from_utf8_lossy(&buffer[..n]).replace('\r', "");
        if echo {
            print!("{piece}");
        }
        sink.lock().unwrap_or_else(PoisonError::into_inner).push_str(&piece);
    }
}

/// How a program ended.
pub struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it printed, on both outputs.
    pub output: String,
}

/// A program that runs; killed when dropped.
pub struct Running {
    title: String,
    child: Child,
    input: Option<Box<dyn Write + Send>>,
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed so far.
    pub fn output(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) -> Result {
        let input = self.input.as_mut().context("its input is closed")?;
        input.write_all(format!("{line}\n").as_bytes()).context(&self.title)
    }

    /// Waits until its output from byte `from` on contains `text`; returns where that ends.
    pub fn wait_for(&mut self, text: &str, from: usize, limit: Duration) -> Result<usize> {
        let end = Instant::now() + limit;
        loop {
            let ended = self.child.try_wait()?;
            let output = self.output();
            if let Some(at) = output.get(from..).and_then(|rest| rest.find(text)) {
                return Ok(from + at + text.len());
            }
            let what = match ended {
                Some(status) => format!("it ended with {status}"),
                None if Instant::now() > end => format!("{limit:?} passed"),
                None => {
                    std::thread::sleep(Duration::from_millis(10));
                    continue;
                }
            };
            bail!("`{}`: {what}, and no {text:?} in its output:\n{output}", self.title);
        }
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) -> Result {
        sys::kill(self.pid(), signal)
    }

    /// Closes its input and waits for its end.
    pub fn finish(mut self, limit: Duration) -> Result<Finished> {
        if self.reader.is_some() {
            self.input = None;
        }
        let end = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if Instant::now() > end {
                let output = self.output();
                bail!("`{}`: still running after {limit:?}; it printed:\n{output}", self.title);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.drain();
        Ok(Finished { status, output: self.output() })
    }

    /// Lets the reader come to the end of the output, unless a grandchild keeps that open.
    fn drain(&mut self) {
        let end = Instant::now() + Duration::from_millis(500);
        while self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) {
            if Instant::now() > end {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
