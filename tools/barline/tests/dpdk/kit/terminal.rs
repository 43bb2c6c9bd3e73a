//! A program at a terminal of its own: what a test types, and what it prints on both outputs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::pty::{OpenptyResult, openpty};
use nix::sys::signal::{Signal, killpg};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::Pid;

/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(10);

/// A program that runs. Dropping this kills it, with all that it has started.
pub struct Terminal {
    child: Child,
    keys: File,
    printed: Arc<Printed>,
}

/// What a program has printed.
#[derive(Default)]
struct Printed {
    screen: Mutex<Screen>,
    more: Condvar,
}

#[derive(Default)]
struct Screen {
    text: String,
    /// Nobody is at the terminal any more: this is all.
    closed: bool,
}

impl Terminal {
    /// Starts a program.
    pub fn start(mut command: Command) -> io::Result<Terminal> {
        let OpenptyResult { master, slave } = openpty(None, None)?;
        // What the program inherited of our end would keep the terminal from closing with us.
        let [keys, screen] = [master.try_clone()?, master.try_clone()?];
        drop(master);
        // Nothing is echoed by the terminal itself, and lines end as they were printed.
        let mut modes = tcgetattr(&slave)?;
        cfmakeraw(&mut modes);
        tcsetattr(&slave, SetArg::TCSANOW, &modes)?;
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        let child = command.process_group(0).spawn()?;
        let printed = Arc::new(Printed::default());
        let sink = Arc::clone(&printed);
        std::thread::spawn(move || sink.collect(File::from(screen)));
        Ok(Terminal { child, keys: File::from(keys), printed })
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) -> io::Result<()> {
        self.keys.write_all(format!("{line}\n").as_bytes())
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        self.printed.lock().text.clone()
    }

    /// Waits until it has printed `text` from byte `from` on; returns where that ends. Otherwise why
    /// it has not: it has ended, or the time is over.
    pub fn wait_for(&mut self, text: &str, from: usize, limit: Duration) -> Result<usize, String> {
        let find = |printed: &str| Some(printed.find(text)? + text.len());
        Ok(from + self.wait_until(find, from, limit)?)
    }

    /// Waits until something is found in what it has printed from byte `from` on. Otherwise why it was
    /// not.
    pub fn wait_until<T>(
        &mut self,
        find: impl Fn(&str) -> Option<T>,
        from: usize,
        limit: Duration,
    ) -> Result<T, String> {
        let end = Instant::now() + limit;
        loop {
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            let screen = self.printed.lock();
            if let Some(found) = screen.text.get(from..).and_then(&find) {
                return Ok(found);
            }
            match ended {
                // What it printed last may still be on its way.
                Some(status) if screen.closed => return Err(format!("it ended with {status}")),
                _ if Instant::now() > end => return Err(format!("{limit:?} passed")),
                _ => drop(self.printed.more.wait_timeout(screen, LOOK)),
            }
        }
    }

    /// Waits for its end, and for the last that it printed.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, String> {
        let end = Instant::now() + limit;
        loop {
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            match ended {
                Some(status) if self.printed.lock().closed => return Ok(status),
                _ if Instant::now() > end => return Err(format!("{limit:?} passed")),
                _ => std::thread::sleep(LOOK),
            }
        }
    }

    /// Sends a signal to it and all that it has started.
    pub fn signal(&self, signal: Signal) {
        // It fails when nobody is left, which is as well.
        let _ = killpg(Pid::from_raw(self.child.id() as i32), signal);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

impl Printed {
    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what comes until the last program at the terminal has ended (EIO).
    fn collect(&self, mut master: File) {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = master.read(&mut buffer) {
            let piece = String::from_utf8_lossy(&buffer[..n]).replace('\r', "");
            self.lock().text.push_str(&piece);
            self.more.notify_all();
        }
        self.lock().closed = true;
        self.more.notify_all();
    }
}
