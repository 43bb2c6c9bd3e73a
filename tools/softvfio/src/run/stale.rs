//! What killed processes leave, and how a run's directory goes.
//!
//! Nothing here is reported: what cannot be removed now is somebody else's, or will be met again.

use std::fs::{self, File};
use std::path::Path;

use super::{LOCK, PREFIX};

/// Removes the directories of runs whose makers are gone.
pub(super) fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let is_run = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_run {
            sweep_one(&entry.path());
        }
    }
}

fn sweep_one(dir: &Path) {
    match File::open(dir.join(LOCK)) {
        Ok(lock) => {
            if lock.try_lock().is_ok() {
                tracing::info!(dir = %dir.display(), "removing what a killed process has left");
                remove(dir);
            }
        }
        // Its maker is about to lock it, or never came to that. Only an empty one goes.
        Err(_) => _ = fs::remove_dir(dir),
    }
}

/// Removes a run's directory, whose lock the caller has. The lock goes last: what is left when this is
/// interrupted is still a stale run.
pub(super) fn remove(dir: &Path) {
    // A program that is still there finds nothing any more, and makes nothing anew.
    let mut gone = dir.as_os_str().to_os_string();
    gone.push(".gone");
    let gone = Path::new(&gone);
    let dir = if fs::rename(dir, gone).is_ok() { gone } else { dir };
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name() == LOCK {
            continue;
        }
        _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry.path()),
            _ => fs::remove_file(entry.path()),
        };
    }
    _ = fs::remove_file(dir.join(LOCK));
    _ = fs::remove_dir(dir);
}
