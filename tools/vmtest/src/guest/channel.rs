//! The guest's end of the second serial port, and the socket through which tests reach it.
//!
//! Process 1 alone writes to the port. A test (or a program that it starts) sends a request to a
//! Unix socket; process 1 passes it on and brings the answer back.

use crate::sys;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use vmtest::protocol::{FromGuest, FromHost};
use vmtest::{Context, Result};

/// The port.
pub const PORT: &str = "/dev/ttyS1";
/// The socket.
pub const SOCKET: &str = "/run/host.sock";

/// The connection with the host. Clones share it.
#[derive(Clone)]
pub struct Channel {
    writer: Arc<Mutex<File>>,
    /// Held from a request until its answer, so that answers find their requests.
    reader: Arc<Mutex<BufReader<File>>>,
}

impl Channel {
    /// Opens the port.
    pub fn open() -> Result<Self> {
        let port = OpenOptions::new().read(true).write(true).open(PORT).context(PORT)?;
        sys::make_raw(&port)?;
        let reader = BufReader::new(port.try_clone()?);
        Ok(Self { writer: Arc::new(Mutex::new(port)), reader: Arc::new(Mutex::new(reader)) })
    }

    /// Tells the host something.
    pub fn send(&self, message: &FromGuest) {
        let mut line = message.to_line();
        line.push('\n');
        let mut port = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // There is nobody to tell that nobody can be told.
        let _ = port.write_all(line.as_bytes());
    }

    /// Asks the host something and waits for the answer.
    fn ask(&self, message: &FromGuest) -> FromHost {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        self.send(message);
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(_) => FromHost::parse(line.trim_end_matches('\n'))
                .unwrap_or_else(|| FromHost::Refused(format!("the host said {line:?}"))),
            Err(error) => FromHost::Refused(format!("{PORT}: {error}")),
        }
    }

    /// Serves the requests of tests, each connection on a thread of its own.
    pub fn serve(&self) -> Result {
        let listener = UnixListener::bind(SOCKET).context(SOCKET)?;
        let channel = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let channel = channel.clone();
                std::thread::spawn(move || channel.serve_one(stream));
            }
        });
        Ok(())
    }

    fn serve_one(&self, stream: UnixStream) {
        let Ok(mut answers) = stream.try_clone() else {
            return;
        };
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let answer = match FromGuest::parse(&line) {
                Some(request @ FromGuest::Ask(_)) => self.ask(&request),
                _ => FromHost::Refused(format!("no request: {line}")),
            };
            if writeln!(answers, "{}", answer.to_line()).is_err() {
                return;
            }
        }
    }
}
