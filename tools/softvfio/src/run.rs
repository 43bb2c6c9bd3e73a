//! Runs: what the programs of one `barline soft exec` share, and nobody else meets.
//!
//! A run is a directory in memory, `/dev/shm/barline-soft-XXXXXX`, or in the directory for temporary
//! files where that cannot be:
//!
//! | Name | What |
//! |---|---|
//! | `spec` | The adapter's options in one line, as [`Spec`] shows them |
//! | `plane` | The file by which processes share the adapter (`share=`) |
//! | `lock` | Locked (flock(2)) by who made the run, as long as that process lives |
//! | `sys/`, `dev/vfio/` | What stands in for the kernel's |
//!
//! A directory that nobody has locked is what a killed process has left. Whoever makes the next run
//! removes it.

mod environment;
mod error;
mod stale;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{self, Command};

pub use environment::{LIBRARY, VARIABLE};
pub use error::RunError;
use error::failed;
use softnic::{Administrator, Spec};
use tempfile::TempDir;

use crate::sys;

const PREFIX: &str = "barline-soft-";
const SPEC: &str = "spec";
const PLANE: &str = "plane";
const LOCK: &str = "lock";

/// A run that this process has made. It ends, and its directory goes, when this is dropped.
#[derive(Debug)]
pub struct Run {
    view: RunView,
    library: PathBuf,
    /// Keeps the adapter's state while no program drives it.
    administrator: Administrator,
    /// Let go of when the directory was removed, so that it never seems stale.
    _lock: File,
    /// A child made by fork has a copy, which must not end the run.
    home: u32,
}

/// A run, as a program in it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// Its directory.
    pub dir: PathBuf,
    /// The adapter that all of its programs share, with `share=` put in.
    pub spec: Spec,
}

impl Run {
    /// Makes a run with an adapter of its own, and removes what killed processes have left of theirs.
    ///
    /// # Errors
    /// The options have `share=`, which is the run's own to set, or are out of range; the preload
    /// library is missing; there is no room for the files, or no right to make them.
    pub fn create(spec: &Spec) -> Result<Run, RunError> {
        Run::create_in(&[PathBuf::from("/dev/shm"), std::env::temp_dir()], spec)
    }

    /// As [`Run::create`], in the first of these directories in which that can be.
    ///
    /// # Errors
    /// As for [`Run::create`].
    pub fn create_in(places: &[PathBuf], spec: &Spec) -> Result<Run, RunError> {
        if let Some(share) = &spec.share {
            return Err(RunError::Shared(share.clone()));
        }
        environment::check_pages(sys::page())?;
        let spec = environment::with_absolute_paths(spec)?;
        spec.check()?;
        let library = environment::library()?;
        let mut refused = Vec::new();
        for place in places {
            stale::sweep(place);
            match Run::make(place, &spec, &library) {
                Err(error) if error.is_of_the_place() => refused.push(error),
                made => return made,
            }
        }
        Err(RunError::Nowhere(refused))
    }

    fn make(place: &Path, spec: &Spec, library: &Path) -> Result<Run, RunError> {
        let (dir, lock) = locked_directory(place)?;
        let path = dir.path();
        let shared = Spec { share: Some(path.join(PLANE)), ..spec.clone() };
        // A place whose name a device string cannot hold.
        shared.check().map_err(|_| RunError::Name(place.into()))?;
        write(&path.join(SPEC), format!("{spec}\n").as_bytes())?;
        crate::tree::write(path, spec).map_err(failed("write the adapter's files to", path))?;
        let library = environment::preloadable(library, path)?;
        let administrator = Administrator::join(&path.join(PLANE), &shared)?;
        let view = RunView { dir: dir.keep(), spec: shared };
        Ok(Run { view, library, administrator, _lock: lock, home: process::id() })
    }

    /// Opens the run in a directory, as a program in it does.
    ///
    /// # Errors
    /// It is no run's, or it has ended.
    pub fn open(dir: &Path) -> Result<RunView, RunError> {
        let file = dir.join(SPEC);
        let text = fs::read_to_string(&file).map_err(failed("read", &file))?;
        let spec: Spec = text.trim_end_matches('\n').parse()?;
        let dir = dir.to_path_buf();
        Ok(RunView { spec: Spec { share: Some(dir.join(PLANE)), ..spec }, dir })
    }

    /// The run, as its programs see it.
    pub fn view(&self) -> &RunView {
        &self.view
    }

    /// A program in this run: with the library before those that it preloads anyway, and the run's name.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env(VARIABLE, &self.view.dir);
        command.env("LD_PRELOAD", environment::preloads(&self.library));
        command
    }

    /// Who can do to the adapter what its PF's administrator does.
    pub fn administrator(&mut self) -> &mut Administrator {
        &mut self.administrator
    }
}

impl RunView {
    /// The run that this program is in; none outside of one.
    pub fn of_this_program() -> Option<PathBuf> {
        std::env::var_os(VARIABLE).filter(|dir| !dir.is_empty()).map(PathBuf::from)
    }

    /// Joins the run's adapter as its PF's administrator.
    ///
    /// # Errors
    /// The run has ended, or its file cannot be used.
    pub fn administrator(&self) -> Result<Administrator, RunError> {
        let plane = self.dir.join(PLANE);
        // Joining would make it anew.
        fs::metadata(&plane).map_err(failed("find", &plane))?;
        Ok(Administrator::join(&plane, &self.spec)?)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.home == process::id() {
            stale::remove(&self.view.dir);
        }
    }
}

/// A new directory, and the lock that says that it is in use.
fn locked_directory(place: &Path) -> Result<(TempDir, File), RunError> {
    loop {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).permissions(fs::Permissions::from_mode(0o700));
        let dir = builder.tempdir_in(place).map_err(failed("make a directory in", place))?;
        let path = dir.path().join(LOCK);
        let lock = match File::options().write(true).create_new(true).mode(0o600).open(&path) {
            // Somebody who sweeps took it for stale.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened.map_err(failed("make", &path))?,
        };
        if lock.try_lock().is_ok() && is_at(&lock, &path) {
            return Ok((dir, lock));
        }
    }
}

/// Whether the path still leads to the file.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(mine), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (mine.dev(), mine.ino()) == (there.dev(), there.ino())
}

fn write(path: &Path, content: &[u8]) -> Result<(), RunError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(content)).map_err(failed("write", path))
}
