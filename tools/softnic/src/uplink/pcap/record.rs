//! Records to a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, PcapError, TsResolution};

use crate::uplink::UplinkError;

/// How long, in nanoseconds, a packet may stay out of the file while the adapter goes on.
const FLUSH_AFTER: u64 = 100_000_000;

pub(super) struct Recorder {
    path: PathBuf,
    /// None when writing has failed.
    writer: Option<PcapWriter<Out>>,
    out: Out,
    /// What to add to a step's time for the time of day.
    epoch: Option<u64>,
    /// Time of the first packet that is not in the file yet.
    pending: Option<u64>,
}

impl Recorder {
    /// A new file; an old one is overwritten.
    pub(super) fn create(path: &Path) -> Result<Recorder, UplinkError> {
        let failed = |source| UplinkError::File { key: "write", path: path.into(), source };
        let file = File::create(path).map_err(|error| failed(PcapError::IoError(error)))?;
        let header = PcapHeader {
            datalink: DataLink::ETHERNET,
            ts_resolution: TsResolution::NanoSecond,
            ..PcapHeader::default()
        };
        let out = Out(Arc::new(Mutex::new(BufWriter::new(file))));
        let writer = PcapWriter::with_header(out.clone(), header).map_err(failed)?;
        out.clone().flush().map_err(|error| failed(PcapError::IoError(error)))?;
        Ok(Recorder { path: path.into(), writer: Some(writer), out, epoch: None, pending: None })
    }

    /// Adds a frame. False: it is not in the file.
    pub(super) fn record(&mut self, now: u64, frame: &[u8]) -> bool {
        let epoch = *self.epoch.get_or_insert_with(|| since_1970().saturating_sub(now));
        let time = Duration::from_nanos(epoch.saturating_add(now));
        let packet = PcapPacket::new(time, frame.len() as u32, frame);
        self.pending.get_or_insert(now);
        let Some(writer) = &mut self.writer else { return false };
        let written = writer.write_packet(&packet);
        self.check(written)
    }

    /// Brings what is old enough into the file, so that others can read it.
    pub(super) fn flush(&mut self, now: u64) {
        if self.pending.is_some_and(|since| now.saturating_sub(since) >= FLUSH_AFTER) {
            self.pending = None;
            let flushed = self.out.flush();
            self.check(flushed.map_err(PcapError::IoError));
        }
    }

    fn check<T>(&mut self, result: Result<T, PcapError>) -> bool {
        if let Err(error) = &result {
            tracing::error!(path = %self.path.display(), %error, "nothing more is recorded");
            self.writer = None;
        }
        result.is_ok()
    }
}

/// A buffered file that can be flushed while a [`PcapWriter`] has it.
#[derive(Clone)]
struct Out(Arc<Mutex<BufWriter<File>>>);

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

fn since_1970() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    time.as_nanos() as u64
}
