//! The plane of an adapter that several processes share.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::inbox::{self, Writer};
use super::join::{self, failed};
use super::layout::{AT_GENERATION, AT_ROWS, AT_UPLINKS, Layout, MEMBERS, bytes};
use super::lock::{self, How};
use super::shm::{self, Shm};
use super::{Busy, FRAME_MAX, PlaneError, PortState, UPLINK, record};
use crate::Spec;

/// How long the death of another process may go unnoticed, in nanoseconds.
const LOOK_EVERY: u64 = 10_000_000;

/// How long another process may be at changing a port's state. One that needs longer is stopped, and
/// must not stop the others.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Shared {
    path: PathBuf,
    file: File,
    shm: Shm,
    layout: Layout,
    spec: Spec,
    /// The row of inboxes that this process writes, one for each port.
    writers: Vec<Writer>,
    ports: Vec<Port>,
    /// Each port's state as it was read last.
    known: RefCell<Vec<PortState>>,
    last_look: Option<u64>,
    /// The last change was refused: another process stands still in one.
    is_stuck: bool,
    /// Whose inbox is read first, in turn.
    turn: usize,
    /// In which rows of inboxes something was that cannot be, as was logged.
    broken: [bool; MEMBERS],
    scratch: Box<[u8; FRAME_MAX]>,
}

/// The file's memory, and the row of inboxes, if this process has one.
type Joined = (Shm, Vec<Writer>);

/// What this process knows of a port.
#[derive(Clone, Copy, Debug, Default)]
struct Port {
    /// It is this process that drives it.
    mine: bool,
    /// Its state was looked at last when it had changed so often.
    version: u64,
    /// It was open then.
    open: bool,
}

impl Shared {
    /// Joins as one who drives ports, with a row of inboxes of its own.
    pub(super) fn join(path: &Path, spec: &Spec) -> Result<Shared, PlaneError> {
        Shared::join_by(path, spec, Shared::with_row)
    }

    /// Joins as one who drives no port and posts no frame.
    pub(super) fn visit(path: &Path, spec: &Spec) -> Result<Shared, PlaneError> {
        Shared::join_by(path, spec, |path, _, layout, file| Ok((map(path, layout, file)?, vec![])))
    }

    fn join_by(
        path: &Path,
        spec: &Spec,
        how: fn(&Path, &Spec, Layout, &File) -> Result<Joined, PlaneError>,
    ) -> Result<Shared, PlaneError> {
        let layout = Layout { ports: spec.vfs + 1 };
        let file = join::join(path, spec, layout, |file| fresh(file, spec, layout))?;
        match how(path, spec, layout, &file) {
            Ok((shm, writers)) => Ok(Shared {
                path: path.into(),
                file,
                shm,
                layout,
                spec: spec.clone(),
                writers,
                ports: vec![Port::default(); layout.ports],
                known: RefCell::new((0..spec.vfs).map(|vf| PortState::new(spec, vf)).collect()),
                last_look: None,
                is_stuck: false,
                turn: 0,
                broken: [false; MEMBERS],
                scratch: Box::new([0; FRAME_MAX]),
            }),
            Err(error) => {
                // What there is to say has been found already.
                _ = join::leave(path, &file);
                Err(error)
            }
        }
    }

    /// The memory, and a row of inboxes for this process.
    fn with_row(
        path: &Path,
        spec: &Spec,
        layout: Layout,
        file: &File,
    ) -> Result<Joined, PlaneError> {
        let shm = map(path, layout, file)?;
        let row = own_row(file).map_err(failed(path, "lock a row of it"))?;
        let row = row.ok_or_else(|| PlaneError::Full { path: path.into() })?;
        // What the file system has no room for now, it cannot refuse later, when it would kill.
        let reserved = shm::reserve(file, layout.row(row), layout.row_len());
        reserved.map_err(failed(path, "reserve memory in it"))?;
        let writers = (0..=spec.vfs).map(|place| Writer::new(&shm, layout.inbox(row, place)));
        let writers = writers.collect();
        shm.word(AT_ROWS).fetch_or(1 << row, Ordering::AcqRel);
        Ok((shm, writers))
    }

    pub(super) fn vfs(&self) -> usize {
        self.spec.vfs
    }

    pub(super) fn generation(&self) -> u64 {
        self.shm.word(AT_GENERATION).load(Ordering::Acquire)
    }

    pub(super) fn port(&self, vf: usize) -> PortState {
        if vf >= self.vfs() {
            return PortState::default();
        }
        let known = &mut self.known.borrow_mut()[vf];
        if let Some((_, state)) = record::load(&self.shm, self.layout, vf, || ()) {
            *known = state.unwrap_or_else(|| PortState::new(&self.spec, vf));
        }
        known.clone()
    }

    pub(super) fn update(&mut self, vf: usize, change: impl FnOnce(&mut PortState)) -> bool {
        if vf >= self.vfs() {
            return false;
        }
        self.locked(|plane| {
            let mut state = plane.port(vf);
            change(&mut state);
            state.tidy();
            record::store(&plane.shm, plane.layout, vf, &state);
        })
    }

    pub(super) fn claim(&mut self, vf: usize) -> Result<(), Busy> {
        if vf >= self.vfs() {
            return Err(Busy);
        }
        self.lock_port(vf)?;
        // What was for the last one who drove it.
        for row in self.rows() {
            inbox::discard(&self.shm, self.layout.inbox(row, vf));
        }
        if !self.close_abandoned(vf) {
            // Else it would begin with what the last one has left.
            self.unlock_port(vf);
            return Err(Busy);
        }
        Ok(())
    }

    pub(super) fn release(&mut self, vf: usize) {
        if vf < self.vfs() && self.ports[vf].mine {
            // What is left open here, the others find abandoned.
            self.close_abandoned(vf);
            self.unlock_port(vf);
        }
    }

    pub(super) fn drives(&self, port: usize) -> bool {
        self.place(port).is_some_and(|place| self.ports[place].mine)
    }

    pub(super) fn claim_uplink(&mut self) -> Result<u64, Busy> {
        self.lock_port(self.vfs())?;
        Ok(self.shm.word(AT_UPLINKS).fetch_add(1, Ordering::AcqRel))
    }

    pub(super) fn look(&mut self, now: u64) {
        self.publish();
        if self.last_look.is_some_and(|last| now.saturating_sub(last) < LOOK_EVERY) {
            return;
        }
        self.last_look = Some(now);
        for vf in 0..self.vfs() {
            let version = self.shm.word(self.layout.version(vf)).load(Ordering::Acquire);
            if self.ports[vf].version != version {
                self.ports[vf].version = version;
                self.ports[vf].open = self.port(vf).open;
            }
            if self.ports[vf].open
                && !self.ports[vf].mine
                && self.is_abandoned(vf)
                && self.close_abandoned(vf)
            {
                tracing::info!(vf, "the process that drove the VF is gone; its port is closed");
            }
        }
    }

    pub(super) fn post(&mut self, port: usize, source: usize, frame: &[u8]) -> bool {
        let writer = self.place(port).and_then(|place| self.writers.get_mut(place));
        writer.is_some_and(|writer| writer.push(&self.shm, source, frame))
    }

    pub(super) fn publish(&mut self) {
        for writer in &mut self.writers {
            writer.show(&self.shm);
        }
    }

    pub(super) fn room(&self, port: usize, frame_len: usize) -> usize {
        let writer = self.place(port).and_then(|place| self.writers.get(place));
        writer.map_or(0, |writer| writer.room(&self.shm, frame_len))
    }

    pub(super) fn take(
        &mut self,
        port: usize,
        budget: usize,
        mut each: impl FnMut(usize, &[u8]) -> bool,
    ) -> usize {
        let Some(place) = self.place(port).filter(|place| self.ports[*place].mine) else {
            return 0;
        };
        let rows: u64 = self.shm.word(AT_ROWS).load(Ordering::Acquire);
        self.turn = (self.turn + 1) % MEMBERS;
        let mut taken = 0;
        for row in (self.turn..MEMBERS).chain(0..self.turn).filter(|row| rows >> row & 1 == 1) {
            let at = self.layout.inbox(row, place);
            let (left, broken) = (budget - taken, &mut self.broken[row]);
            let (more, enough) =
                inbox::take(&self.shm, at, &mut self.scratch, left, broken, &mut each);
            taken += more;
            if enough || taken == budget {
                break;
            }
        }
        taken
    }

    /// Where a port's things are: those of the wire come last.
    fn place(&self, port: usize) -> Option<usize> {
        if port == UPLINK { Some(self.vfs()) } else { (port < self.vfs()).then_some(port) }
    }

    fn rows(&self) -> impl Iterator<Item = usize> + use<> {
        let rows = self.shm.word(AT_ROWS).load(Ordering::Acquire);
        (0..MEMBERS).filter(move |row| rows >> row & 1 == 1)
    }

    fn lock_port(&mut self, place: usize) -> Result<(), Busy> {
        let locked = lock::try_lock(&self.file, bytes::PORT + place, How::Alone);
        // A lock that this file has already would be given again.
        if self.ports[place].mine || !self.note("lock a port", locked).unwrap_or(false) {
            return Err(Busy);
        }
        self.ports[place].mine = true;
        Ok(())
    }

    fn unlock_port(&mut self, place: usize) {
        self.ports[place].mine = false;
        self.note("unlock a port", lock::unlock(&self.file, bytes::PORT + place));
    }

    fn is_abandoned(&self, place: usize) -> bool {
        let locked = lock::is_locked_elsewhere(&self.file, bytes::PORT + place);
        self.note("look at a port", locked) == Some(false)
    }

    /// Closes a port, unless another process drives it. False: the change was refused.
    fn close_abandoned(&mut self, vf: usize) -> bool {
        self.locked(|plane| {
            // Looked at with the ports locked: whoever claims it opens it only after that.
            let mut state = plane.port(vf);
            if state.open && (plane.ports[vf].mine || plane.is_abandoned(vf)) {
                state.close();
                record::store(&plane.shm, plane.layout, vf, &state);
            }
        })
    }

    /// Does something while no other process changes a port's state. False: it is not done, since
    /// another stands still in a change, or the kernel has no locks left.
    fn locked(&mut self, something: impl FnOnce(&mut Shared)) -> bool {
        // Waited for once: after that, one try is enough until it succeeds.
        let patience = if self.is_stuck { Duration::ZERO } else { PATIENCE };
        let locked = lock::lock_within(&self.file, bytes::STATE, patience);
        if !matches!(locked, Ok(true)) {
            if !self.is_stuck {
                tracing::warn!(
                    path = %self.path.display(), result = ?locked, seconds = PATIENCE.as_secs(),
                    "changes of ports are refused: another process has them locked; is it stopped?"
                );
            }
            self.is_stuck = true;
            return false;
        }
        self.is_stuck = false;
        // An adapter that panics stays, and must not keep the other processes out.
        let done = catch_unwind(AssertUnwindSafe(|| something(self)));
        self.note("unlock the ports", lock::unlock(&self.file, bytes::STATE));
        done.unwrap_or_else(|panic| resume_unwind(panic));
        true
    }

    /// What a call gave, if it gave something; else that is logged.
    fn note<T>(&self, doing: &str, result: io::Result<T>) -> Option<T> {
        result.inspect_err(|error| tracing::error!(path = %self.path.display(), %error, doing)).ok()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for vf in 0..self.vfs() {
            self.release(vf);
        }
        self.publish();
        // From here on another may make the file anew.
        let left = join::leave(&self.path, &self.file);
        self.note("leave the shared adapter", left);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("path", &self.path)
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}

fn map(path: &Path, layout: Layout, file: &File) -> Result<Shm, PlaneError> {
    Shm::map(file, layout.len()).map_err(failed(path, "map it"))
}

/// What a new file starts with: each port as the administrator has set it.
fn fresh(file: &File, spec: &Spec, layout: Layout) -> io::Result<()> {
    shm::reserve(file, 0, layout.row(0))?;
    let shm = Shm::map(file, layout.len())?;
    for vf in 0..spec.vfs {
        record::store(&shm, layout, vf, &PortState::new(spec, vf));
    }
    Ok(())
}

/// A row of inboxes that no other process writes, if there is one.
fn own_row(file: &File) -> io::Result<Option<usize>> {
    for row in 0..MEMBERS {
        if lock::try_lock(file, bytes::ROW + row, How::Alone)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
