//! A program that a test has started, until it ends.

use crate::sys;
use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vmtest::{Context, Result, bail};

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
    reader: JoinHandle<()>,
}

impl Running {
    /// A child that was started, with its input and output.
    pub fn new(
        title: String,
        child: Child,
        input: Box<dyn Write + Send>,
        output: Box<dyn Read + Send>,
        echo: bool,
    ) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&text);
        let reader = std::thread::spawn(move || collect(output, &sink, echo));
        Self { title, child, input: Some(input), text, reader }
    }

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
        self.input = None;
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
    fn drain(&self) {
        let end = Instant::now() + Duration::from_millis(500);
        while !self.reader.is_finished() {
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
