//! Hugepages, without which DPDK runs slower than it has to.

use std::fs;
use std::path::Path;

use super::missing::Lack;

/// What the three programs of a short run take, in MiB: 12 each, and a few for our own process.
const NEEDED: u64 = 64;

/// Sees whether there are enough.
pub(super) fn check(root: &Path) -> Result<(), Lack> {
    match free(root) {
        NEEDED.. => Ok(()),
        free => Err(Lack::Hugepages { needed: NEEDED, free }),
    }
}

/// MiB of hugepages of all sizes that nobody has or was promised.
fn free(root: &Path) -> u64 {
    let pools = fs::read_dir(root.join("sys/kernel/mm/hugepages"));
    pools.into_iter().flatten().flatten().map(|pool| free_in(&pool.path())).sum()
}

/// Of a pool, whose name is as `hugepages-2048kB`. What is no pool has none.
fn free_in(pool: &Path) -> u64 {
    let name = pool.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let size = name.strip_prefix("hugepages-").and_then(|size| size.strip_suffix("kB"));
    let kib: u64 = size.and_then(|size| size.parse().ok()).unwrap_or(0);
    let pages = |file| -> u64 {
        let text = fs::read_to_string(pool.join(file)).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    };
    let pages = pages("free_hugepages").saturating_sub(pages("resv_hugepages"));
    pages.saturating_mul(kib) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with such pools: KiB of a page, pages free, and those of them that were promised.
    fn machine(pools: &[(u64, u64, u64)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (kib, free, promised) in pools {
            let pool = root.path().join(format!("sys/kernel/mm/hugepages/hugepages-{kib}kB"));
            fs::create_dir_all(&pool).unwrap();
            fs::write(pool.join("free_hugepages"), format!("{free}\n")).unwrap();
            fs::write(pool.join("resv_hugepages"), format!("{promised}\n")).unwrap();
        }
        root
    }

    #[test]
    fn free_pages_of_all_sizes_count_and_promised_ones_do_not() {
        let pools = machine(&[(2048, 512, 12), (1 << 20, 2, 0)]);
        fs::write(pools.path().join("sys/kernel/mm/hugepages/other"), "").unwrap();
        assert_eq!(free(pools.path()), 1000 + 2048);
    }

    #[test]
    fn enough_is_enough() {
        assert!(check(machine(&[(2048, NEEDED / 2, 0)]).path()).is_ok());
    }

    #[test]
    fn too_few_are_told_with_what_to_set() {
        for (pools, free) in [(machine(&[(2048, 3, 0), (1 << 20, 0, 0)]), 6), (machine(&[]), 0)] {
            let said = check(pools.path()).unwrap_err().to_string();
            assert!(
                said.contains(&format!("take 64 MiB of hugepages, and {free} MiB are free")),
                "{said}"
            );
            let remedy = "echo 512 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
            assert!(said.ends_with(remedy), "{said}");
        }
    }
}
