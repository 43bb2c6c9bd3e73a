//! The machine's pool of 2 MiB pages.

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where Linux keeps it.
const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

/// Hugepages for a test. If some had to be reserved, they are given back when the last of this process's tests
/// that want any is over.
#[derive(Debug)]
pub struct Hugepages(());

/// Who wants hugepages, in this process.
struct Wanted {
    tests: u32,
    /// How many there were, if there are more now.
    before: Option<u64>,
}

static WANTED: Mutex<Wanted> = Mutex::new(Wanted { tests: 0, before: None });

fn wanted() -> MutexGuard<'static, Wanted> {
    // A test that failed here has changed nothing.
    WANTED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hugepages {
    /// Sees to it that so many pages of 2 MiB are free: where there are fewer, it reserves the others,
    /// which takes root. Others may use them, too.
    ///
    /// # Panics
    /// There are fewer, and no more can be reserved.
    #[track_caller]
    pub fn free(pages: u64) -> Hugepages {
        let mut wanted = wanted();
        let free = number("free_hugepages");
        if free < pages {
            let before = number("nr_hugepages");
            let total = before + pages - free;
            let reserved = fs::write(format!("{POOL}/nr_hugepages"), total.to_string());
            if reserved.is_ok() {
                wanted.before.get_or_insert(before);
            }
            assert!(
                reserved.is_ok() && number("free_hugepages") >= pages,
                "this test needs {pages} free hugepages of 2 MiB, there are {free}, and reserving more \
                 gave {reserved:?}: as root, `echo {total} > {POOL}/nr_hugepages`, with enough free memory"
            );
        }
        wanted.tests += 1;
        Hugepages(())
    }
}

impl Drop for Hugepages {
    fn drop(&mut self) {
        let mut wanted = wanted();
        wanted.tests -= 1;
        if wanted.tests == 0
            && let Some(before) = wanted.before.take()
        {
            // Whoever could reserve them can give them back; what is in use goes when it is free.
            let _ = fs::write(format!("{POOL}/nr_hugepages"), before.to_string());
        }
    }
}

/// A number of the pool's; 0 where the kernel has no such pages.
fn number(file: &str) -> u64 {
    let text = fs::read_to_string(format!("{POOL}/{file}")).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}
