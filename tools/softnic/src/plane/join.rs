//! How a process comes to the file of a shared adapter, and leaves it.
//!
//! Every user of the file has a shared lock on one byte of it. Who can have that lock alone is the only
//! one there: it makes the file anew, whatever a killed process has left, or removes it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::PlaneError;
use super::layout::{
    AT_MAGIC, AT_OPTIONS, AT_OPTIONS_LEN, AT_READY, Layout, MAGIC, OPTIONS_MAX, bytes,
};
use super::lock::{self, How};
use crate::Spec;

/// How long a process may take to make the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the file and makes it, if nobody uses it. `fresh` writes what a new one starts with.
pub(super) fn join(
    path: &Path,
    spec: &Spec,
    layout: Layout,
    fresh: impl Fn(&File) -> io::Result<()>,
) -> Result<File, PlaneError> {
    let begin = Instant::now();
    loop {
        let file = open(path).map_err(failed(path, "open or create it"))?;
        let alone = lock::try_lock(&file, bytes::MEMBER, How::Alone);
        if alone.map_err(failed(path, "lock it"))? {
            if is_at(&file, path) {
                if !is_ours(&file).map_err(failed(path, "read it"))? {
                    return Err(PlaneError::Foreign { path: path.into() });
                }
                make(&file, spec, layout, &fresh).map_err(failed(path, "prepare it"))?;
                // From alone to shared without letting go.
                let shared = lock::try_lock(&file, bytes::MEMBER, How::Shared);
                shared.map_err(failed(path, "lock it"))?;
                return Ok(file);
            }
        } else {
            let shared = lock::try_lock(&file, bytes::MEMBER, How::Shared);
            let shared = shared.map_err(failed(path, "lock it"))?;
            if shared && is_at(&file, path) && is_ready(&file).map_err(failed(path, "read it"))? {
                same_options(path, &file, spec)?;
                is_whole(path, &file, layout)?;
                return Ok(file);
            }
        }
        // Another makes it or removes it, or was killed over that.
        drop(file);
        if begin.elapsed() > PATIENCE {
            return Err(PlaneError::Stuck { path: path.into(), seconds: PATIENCE.as_secs() });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Removes the file if nobody else uses it. The caller no longer does.
pub(super) fn leave(path: &Path, file: &File) -> io::Result<()> {
    // If two leave at once, each must let go before it tries, or neither would be alone.
    lock::unlock(file, bytes::MEMBER)?;
    if lock::try_lock(file, bytes::MEMBER, How::Alone)? && is_at(file, path) {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    // Not to wait at a FIFO's other end.
    let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no ordinary file"));
    }
    Ok(file)
}

/// Whether the file is still what the path leads to: it may have been removed since it was opened.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(mine), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (mine.dev(), mine.ino()) == (there.dev(), there.ino())
}

/// Whether the file is empty or was made by this program.
fn is_ours(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.len() == 0 || read_word(file, AT_MAGIC)? == Some(MAGIC))
}

fn is_ready(file: &File) -> io::Result<bool> {
    Ok(read_word(file, AT_MAGIC)? == Some(MAGIC) && read_word(file, AT_READY)? == Some(1))
}

fn make(
    file: &File,
    spec: &Spec,
    layout: Layout,
    fresh: impl Fn(&File) -> io::Result<()>,
) -> io::Result<()> {
    file.set_len(0)?;
    file.write_all_at(&MAGIC.to_ne_bytes(), AT_MAGIC as u64)?;
    file.set_len(layout.len() as u64)?;
    let options = spec.common();
    if options.len() > OPTIONS_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the paths among the options are too long",
        ));
    }
    file.write_all_at(&(options.len() as u64).to_ne_bytes(), AT_OPTIONS_LEN as u64)?;
    file.write_all_at(options.as_bytes(), AT_OPTIONS as u64)?;
    fresh(file)?;
    file.write_all_at(&1u64.to_ne_bytes(), AT_READY as u64)
}

/// Compares the options that the adapter was made with to those of `spec`.
fn same_options(path: &Path, file: &File, spec: &Spec) -> Result<(), PlaneError> {
    let len = read_word(file, AT_OPTIONS_LEN).map_err(failed(path, "read it"))?.unwrap_or(0);
    let mut there = vec![0; (len as usize).min(OPTIONS_MAX)];
    file.read_exact_at(&mut there, AT_OPTIONS as u64).map_err(failed(path, "read it"))?;
    let there = String::from_utf8_lossy(&there);
    let here = spec.common();
    if here == there {
        return Ok(());
    }
    Err(PlaneError::Different { path: path.into(), differences: differences(&here, &there) })
}

/// Refuses a file that was cut off: who reaches behind a file's end in its memory is killed.
fn is_whole(path: &Path, file: &File, layout: Layout) -> Result<(), PlaneError> {
    let len = file.metadata().map_err(failed(path, "read it"))?.len();
    let needed = layout.len() as u64;
    if len >= needed {
        return Ok(());
    }
    Err(PlaneError::Short { path: path.into(), len, needed })
}

/// The options that differ between two strings in their canonical form.
fn differences(here: &str, there: &str) -> String {
    let pairs = |text: &str| -> Vec<(String, String)> {
        let pairs = text.split(',').filter_map(|option| option.split_once('='));
        pairs.map(|(key, value)| (key.into(), value.into())).collect()
    };
    let (here, there) = (pairs(here), pairs(there));
    let mut keys: Vec<&String> = here.iter().chain(&there).map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    let value = |pairs: &[(String, String)], key: &String| {
        let found = pairs.iter().find(|(other, _)| other == key);
        found.map_or("the default".to_string(), |(_, value)| value.clone())
    };
    let differ = keys.into_iter().filter_map(|key| {
        let (here, there) = (value(&here, key), value(&there, key));
        (here != there).then(|| format!("`{key}` is {there} there and {here} here"))
    });
    differ.collect::<Vec<_>>().join(", ")
}

fn read_word(file: &File, at: usize) -> io::Result<Option<u64>> {
    let mut word = [0; 8];
    match file.read_exact_at(&mut word, at as u64) {
        Ok(()) => Ok(Some(u64::from_ne_bytes(word))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn failed(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> PlaneError {
    let path = path.to_path_buf();
    move |source| PlaneError::Io { path, doing, source }
}
