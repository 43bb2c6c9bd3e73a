//! The machine's pool of 2 MiB pages.

use std::fs;

/// Where Linux keeps it.
const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

/// Hugepages for a test. If it had to reserve some, they are given back when this is dropped.
#[derive(Debug)]
pub struct Hugepages {
    /// How many there were, if there are more now.
    before: Option<u64>,
}

impl Hugepages {
    /// Sees to it that so many pages of 2 MiB are free: where there are fewer, it reserves the others,
    /// which takes root. Others may use them, too.
    ///
    /// # Panics
    /// There are fewer, and no more can be reserved.
    #[track_caller]
    pub fn free(wanted: u64) -> Hugepages {
        let free = number("free_hugepages");
        if free >= wanted {
            return Hugepages { before: None };
        }
        let before = number("nr_hugepages");
        let total = before + wanted - free;
        let pages = Hugepages { before: Some(before) };
        let reserved = fs::write(format!("{POOL}/nr_hugepages"), total.to_string());
        assert!(
            reserved.is_ok() && number("free_hugepages") >= wanted,
            "this test needs {wanted} free hugepages of 2 MiB, there are {free}, and reserving more gave \
             {reserved:?}: as root, `echo {total} > {POOL}/nr_hugepages`, with enough free memory"
        );
        pages
    }
}

impl Drop for Hugepages {
    fn drop(&mut self) {
        if let Some(before) = self.before {
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
