//! A child as its parent has it: a process with a pipe to speak into and one to listen at.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::Problem;
use super::tie::tie;
use crate::versus::protocol::{Answer, Order, Ready};

/// How often somebody looks whether the user wants an end.
const TICK: Duration = Duration::from_millis(50);

/// How long a child may take for what it was asked beyond the time that it was given, before it counts as
/// hung. Machines stand still for seconds, and DPDK takes some for each VF.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a child may take to close its ports.
const FAREWELL: Duration = Duration::from_secs(10);

/// Of a child's log, what is told when it fails.
const LAST_WORDS: u64 = 600;

/// A process that measures. It is killed when this is dropped, if it has not ended by then.
pub(super) struct Process {
    /// As messages have it.
    name: String,
    child: Child,
    /// `None` once it was told to end.
    orders: Option<ChildStdin>,
    answers: Receiver<io::Result<String>>,
    log: File,
    patience: Duration,
}

impl Process {
    /// Starts it, with its standard error in `log`. It ends with this process, however that ends.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(name: &str, mut command: Command, log: File) -> Result<Process, Problem> {
        let failed = |error: io::Error| Problem::Failed(format!("{name}: starting it: {error}"));
        tie(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(log.try_clone().map_err(failed)?);
        let mut child = command.spawn().map_err(failed)?;
        let orders = child.stdin.take();
        let (said, answers) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            let listen = move || {
                // Ends with the pipe, or with who listens.
                BufReader::new(stdout).lines().try_for_each(|line| said.send(line))
            };
            thread::Builder::new().name(format!("versus-{name}")).spawn(listen).map_err(failed)?;
        }
        Ok(Process { name: name.into(), child, orders, answers, log, patience: PATIENCE })
    }

    /// Waits until it can measure.
    ///
    /// # Errors
    /// It says that it cannot, ends, hangs, or `stopped` says so.
    pub(super) fn ready(&mut self, stopped: &dyn Fn() -> bool) -> Result<Ready, Problem> {
        match self.listen(Duration::ZERO, "getting ready", stopped)? {
            Answer::Ready(ready) => Ok(ready),
            other => Err(self.nonsense(&other)),
        }
    }

    /// Has it do something that takes `time`, and waits for the answer.
    ///
    /// # Errors
    /// As for [`Process::ready`].
    pub(super) fn ask(
        &mut self,
        order: Order,
        time: Duration,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Answer, Problem> {
        let told = match &mut self.orders {
            Some(pipe) => writeln!(pipe, "{order}").and_then(|()| pipe.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        // One that has ended has said why, perhaps.
        if let Err(error) = told {
            let listened = self.listen(Duration::ZERO, &order.to_string(), stopped);
            return Err(listened.err().unwrap_or_else(|| self.failed(&error.to_string())));
        }
        self.listen(time, &order.to_string(), stopped)
    }

    /// An answer that does not belong to the question.
    pub(super) fn nonsense(&mut self, answer: &Answer) -> Problem {
        let answer: String = answer.to_string().chars().take(60).collect();
        self.failed(&format!("it answered `{answer}…` to something else"))
    }

    fn listen(
        &mut self,
        time: Duration,
        what: &str,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Answer, Problem> {
        let limit = time + self.patience;
        let begun = Instant::now();
        loop {
            match self.answers.recv_timeout(TICK) {
                Ok(line) => {
                    let answer = line.map_err(|error| error.to_string());
                    let answer = answer
                        .and_then(|line| line.parse::<Answer>().map_err(|error| error.to_string()));
                    return match answer {
                        Ok(Answer::Failed(why)) => Err(self.failed(&why)),
                        Ok(answer) => Ok(answer),
                        Err(why) => Err(self.failed(&why)),
                    };
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let ended = self.child.wait();
                    // Ctrl-C is the whole group's, and may have come to the child first.
                    let signal = ended.as_ref().ok().and_then(ExitStatusExt::signal);
                    if stopped() || matches!(signal, Some(libc::SIGINT | libc::SIGTERM)) {
                        return Err(Problem::Stopped);
                    }
                    let ended = ended.map(|status| status.to_string());
                    let ended = ended.unwrap_or_else(|error| error.to_string());
                    return Err(self.failed(&format!("{what}: it ended ({ended})")));
                }
                Err(RecvTimeoutError::Timeout) if stopped() => return Err(Problem::Stopped),
                Err(RecvTimeoutError::Timeout) if begun.elapsed() > limit => {
                    _ = self.child.kill();
                    let seconds = limit.as_secs();
                    return Err(self.failed(&format!(
                        "{what}: no answer within {seconds} s, and it was killed"
                    )));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A message with the child's name, and the end of its log.
    fn failed(&mut self, why: &str) -> Problem {
        let name = &self.name;
        Problem::Failed(match last_words(&mut self.log) {
            Ok(words) if !words.is_empty() => format!("{name}: {why}; its log ends: {words}"),
            _ => format!("{name}: {why}"),
        })
    }

    /// Tells it to end, and waits for that.
    ///
    /// # Errors
    /// It does not, or not in order.
    pub(super) fn quit(mut self) -> Result<(), Problem> {
        if let Some(mut pipe) = self.orders.take() {
            // One that has ended already is seen below.
            _ = writeln!(pipe, "{}", Order::Quit);
        }
        let end = Instant::now() + FAREWELL;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    return Err(self.failed(&format!("it did not end in order ({status})")));
                }
                Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(1)),
                Ok(None) => {
                    _ = self.child.kill();
                    let seconds = FAREWELL.as_secs();
                    return Err(
                        self.failed(&format!("it did not end within {seconds} s, and was killed"))
                    );
                }
                Err(error) => return Err(self.failed(&format!("waiting for its end: {error}"))),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing is done to one that has ended, and was waited for.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn last_words(log: &mut File) -> io::Result<String> {
    let len = log.seek(SeekFrom::End(0))?;
    log.seek(SeekFrom::Start(len.saturating_sub(LAST_WORDS)))?;
    let mut words = Vec::new();
    log.read_to_end(&mut words)?;
    let words = String::from_utf8_lossy(&words);
    Ok(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests;
