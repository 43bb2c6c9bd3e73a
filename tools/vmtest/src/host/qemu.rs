//! A QEMU that runs, and everything that comes out of it.

use crate::os;
use crate::qemu_args::{self, Machine};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use vmtest::{Context, Result};

/// A QEMU; killed when dropped, and by the kernel when this process dies.
pub struct Qemu {
    child: Child,
}

/// The ends of its sockets on this side.
pub struct Sockets {
    /// The kernel's console.
    pub console: UnixStream,
    /// The second serial port.
    pub channel: UnixStream,
    /// The monitor.
    pub monitor: UnixStream,
    /// What QEMU itself has to say.
    pub stderr: ChildStderr,
}

impl Qemu {
    /// Starts it. The descriptors in `machine` are filled in here.
    pub fn start(mut machine: Machine) -> Result<(Self, Sockets)> {
        let (console, console_far) = UnixStream::pair()?;
        let (channel, channel_far) = UnixStream::pair()?;
        let (monitor, monitor_far) = UnixStream::pair()?;
        let far: [OwnedFd; 3] = [console_far.into(), channel_far.into(), monitor_far.into()];
        machine.sockets = [far[0].as_raw_fd(), far[1].as_raw_fd(), far[2].as_raw_fd()];
        let mut command = Command::new("qemu-system-x86_64");
        command.args(qemu_args::arguments(&machine));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let inherited = far.iter().map(AsRawFd::as_raw_fd).chain([machine.initramfs.as_raw_fd()]);
        os::tie(&mut command, inherited.collect());
        let mut child = command.spawn().context("qemu-system-x86_64")?;
        let stderr = child.stderr.take().context("no stderr")?;
        Ok((Self { child }, Sockets { console, channel, monitor, stderr }))
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Ends it now.
    pub fn kill(&mut self) {
        // Both fail when it has ended, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends the lines of `source` as events, then the last one, on a thread of its own. What is read
/// goes to `log` as well, at once.
pub fn forward<E: Send + 'static>(
    source: impl Read + Send + 'static,
    mut log: impl Write + Send + 'static,
    events: Sender<E>,
    line: impl Fn(String) -> E + Send + 'static,
    last: E,
) {
    thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match source.read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            // A full disk must not end the run, and the verdict does not need the log.
            let _ = log.write_all(&bytes);
            let text = String::from_utf8_lossy(&bytes);
            if events.send(line(text.trim_end_matches(['\r', '\n']).to_string())).is_err() {
                return;
            }
        }
        let _ = events.send(last);
    });
}
