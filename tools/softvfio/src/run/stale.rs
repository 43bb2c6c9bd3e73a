//! What killed processes leave, and how a run's directory goes.
//!
//! Nothing here is reported: what cannot be removed now is somebody else's, or will be met again.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::{LOCK, PREFIX};

/// The right of anybody but the owner to write, which nobody has in a run's directory.
const OTHERS_WRITE: u32 = 0o022;

/// Removes the directories of runs whose makers are gone.
pub(super) fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    let user = crate::sys::user();
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            sweep_one(&entry.path(), user);
        }
    }
}

/// Removes one, if it is this user's. What is in another's directory he can exchange at any time, also for a way
/// out of it, and root would follow that.
fn sweep_one(dir: &Path, user: u32) {
    let is_own = |found: fs::Metadata| {
        found.is_dir() && found.uid() == user && found.mode() & OTHERS_WRITE == 0
    };
    if !fs::symlink_metadata(dir).is_ok_and(is_own) {
        return;
    }
    // Whatever else has that name is neither waited for nor followed.
    const NO_SURPRISE: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    match File::options().read(true).custom_flags(NO_SURPRISE).open(dir.join(LOCK)) {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    fn directory() -> tempfile::TempDir {
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        fs::write(dir.path().join(LOCK), "").unwrap();
        dir
    }

    #[test]
    fn only_ones_own_goes() {
        let dir = directory();
        let user = crate::sys::user();
        sweep_one(dir.path(), user + 1);
        assert!(dir.path().exists(), "another user's");
        let link = tempfile::tempdir().unwrap();
        let link = link.path().join("link");
        symlink(dir.path(), &link).unwrap();
        sweep_one(&link, user);
        assert!(dir.path().exists(), "by another name");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        sweep_one(dir.path(), user);
        assert!(dir.path().exists(), "others could write there");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        sweep_one(dir.path(), user);
        assert!(!dir.path().exists());
    }

    #[test]
    fn a_lock_that_is_no_file_holds_nobody_up() {
        let dir = directory();
        let lock = dir.path().join(LOCK);
        fs::remove_file(&lock).unwrap();
        symlink("/dev/null", &lock).unwrap();
        sweep_one(dir.path(), crate::sys::user());
        assert!(dir.path().exists(), "a link is not followed");
        fs::remove_file(&lock).unwrap();
        assert!(Command::new("mkfifo").arg(&lock).status().unwrap().success());
        // With nobody who writes to it, opening it would not return.
        sweep_one(dir.path(), crate::sys::user());
    }
}
