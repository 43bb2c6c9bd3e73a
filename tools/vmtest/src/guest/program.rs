//! Programs that a test runs: with a time limit, their output kept, as another user or elsewhere.

use crate::netns::Netns;
use crate::running::{Finished, Running};
use crate::sys;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;
use vmtest::{Context, Result, bail};

/// Runs iproute2's `ip` and returns what it prints.
pub fn ip(args: &[&str]) -> Result<String> {
    Program::new("/usr/sbin/ip").args(args).check()
}

/// A program to run.
pub struct Program {
    words: Vec<String>,
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
        command.args(&self.words[1..]);
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
        Ok(Running::new(title, child, input, output, self.echo))
    }
}
