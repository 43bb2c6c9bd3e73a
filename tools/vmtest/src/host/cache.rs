//! What takes long to make is made once: kernels and the initramfs of system programs, outside the
//! tree, each in a directory named by the hash of what it is made from.

use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use vmtest::{Context, Result};

/// Directories under construction begin with this.
const PARTIAL: &str = ".partial-";

/// A directory of finished things.
pub struct Cache {
    root: PathBuf,
}

/// The hash of what a thing is made from.
#[derive(Default)]
pub struct Key(Sha256);

impl Key {
    /// Adds one ingredient. Its name and length are hashed as well, so that no two lists of
    /// ingredients run together into the same bytes.
    pub fn add(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        for part in [name.as_bytes(), content.as_ref()] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
        self
    }

    /// The hash, short enough for a name.
    pub fn finish(self) -> String {
        self.0.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Cache {
    /// The cache of this user: `$XDG_CACHE_HOME/barline`, else `~/.cache/barline`.
    pub fn of_user() -> Result<Self> {
        let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => std::env::home_dir()
                .context("neither XDG_CACHE_HOME nor HOME says where the cache is")?
                .join(".cache"),
        };
        Self::at(base.join("barline"))
    }

    /// A cache in that directory.
    pub fn at(root: PathBuf) -> Result<Self> {
        fs::create_dir_all(&root).context(root.display())?;
        Ok(Self { root })
    }

    /// Where the thing of that kind and key is, if it is there.
    pub fn find(&self, kind: &str, key: &str) -> Option<PathBuf> {
        let path = self.root.join(format!("{kind}-{key}"));
        path.is_dir().then_some(path)
    }

    /// Where the thing is; if it is nowhere yet, `build` makes it in the directory it is given.
    ///
    /// The directory gets its name only when it is complete, and one process builds at a time: a
    /// build that was killed leaves nothing that could be taken for a whole.
    pub fn get(
        &self,
        kind: &str,
        key: &str,
        build: impl FnOnce(&Path) -> Result,
    ) -> Result<PathBuf> {
        if let Some(path) = self.find(kind, key) {
            return Ok(path);
        }
        let lock_path = self.root.join("lock");
        let lock = File::create(&lock_path).context(lock_path.display())?;
        lock.lock().context(lock_path.display())?;
        if let Some(path) = self.find(kind, key) {
            return Ok(path);
        }
        self.sweep()?;
        let partial = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(&self.root)?;
        build(partial.path())?;
        let path = self.root.join(format!("{kind}-{key}"));
        fs::rename(partial.path(), &path).context(path.display())?;
        // It has another name now: there is nothing to delete.
        let _ = partial.keep();
        Ok(path)
    }

    /// Removes what killed builds have left. Only for the holder of the lock.
    fn sweep(&self) -> Result {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                fs::remove_dir_all(entry.path()).context(entry.path().display())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vmtest::bail;

    fn cache() -> (tempfile::TempDir, Cache) {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::at(directory.path().join("barline")).unwrap();
        (directory, cache)
    }

    #[test]
    fn a_key_depends_on_every_ingredient_and_its_bounds() {
        let key = |parts: &[(&str, &str)]| {
            parts
                .iter()
                .fold(Key::default(), |key, (name, content)| key.add(name, content))
                .finish()
        };
        let base = key(&[("version", "6.12"), ("config", "A=y")]);
        assert_eq!(base, key(&[("version", "6.12"), ("config", "A=y")]));
        assert_eq!(base.len(), 16);
        assert_ne!(base, key(&[("version", "6.13"), ("config", "A=y")]));
        assert_ne!(base, key(&[("version", "6.12"), ("config", "A=n")]));
        assert_ne!(key(&[("a", "bc")]), key(&[("ab", "c")]));
    }

    #[test]
    fn a_thing_is_built_once() {
        let (_directory, cache) = cache();
        let mut built = 0;
        for _ in 0..2 {
            let path = cache
                .get("kernel", "k", |directory| {
                    built += 1;
                    Ok(fs::write(directory.join("bzImage"), "x")?)
                })
                .unwrap();
            assert_eq!(fs::read(path.join("bzImage")).unwrap(), b"x");
        }
        assert_eq!(built, 1);
    }

    #[test]
    fn a_failed_build_leaves_nothing() {
        let (_directory, cache) = cache();
        let failed = cache.get("kernel", "k", |directory| {
            fs::write(directory.join("half"), "x")?;
            bail!("no compiler")
        });
        assert_eq!(failed.unwrap_err().to_string(), "no compiler");
        assert!(cache.find("kernel", "k").is_none());
        let left: Vec<_> = fs::read_dir(&cache.root).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "only the lock: {left:?}");
    }

    #[test]
    fn a_killed_build_is_swept_away_by_the_next() {
        let (_directory, cache) = cache();
        let half = cache.root.join(".partial-killed");
        fs::create_dir(&half).unwrap();
        fs::write(half.join("bzImage"), "half").unwrap();
        cache.get("kernel", "k", |_| Ok(())).unwrap();
        assert!(!half.exists());
    }
}
