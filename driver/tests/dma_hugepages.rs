//! `dma::Memory` from the machine's own hugepages. One test in a process of its own: it changes the
//! machine's pool, as root; without that it checks that the fallback is told.

use std::fs;
use std::sync::Arc;

use barline::dma::{Memory, PagePreference, PageSize};

const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";
const MIB: usize = 1 << 20;

fn number(file: &str) -> u64 {
    let text = fs::read_to_string(format!("{POOL}/{file}")).unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}

/// The pool as it was found, put back when the test ends.
struct Pool(u64);

impl Pool {
    /// Makes sure that `free` pages are free; `None` where that is not allowed or there is not
    /// enough memory in one piece.
    fn with_free(free: u64) -> Option<Pool> {
        let pool = Pool(number("nr_hugepages"));
        let wanted = pool.0 + free;
        fs::write(format!("{POOL}/nr_hugepages"), wanted.to_string()).ok()?;
        (number("free_hugepages") >= free).then_some(pool)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let _ = fs::write(format!("{POOL}/nr_hugepages"), self.0.to_string());
    }
}

/// Writes to every page: a pool that was promised and is not there would be a SIGBUS.
fn fill(memory: &Arc<Memory>) {
    let Some(mut slice) = memory.carve(memory.len(), 4096) else {
        panic!("the memory is not free");
    };
    barline::dma::zero(&mut slice);
}

#[test]
fn hugepages_where_there_are_any() {
    let Some(_pool) = Pool::with_free(8) else {
        eprintln!("no hugepages can be reserved here: the fallback is checked instead");
        let memory = Memory::allocate(1 << 46, PagePreference::Only(PageSize::Huge2M));
        let error = memory.unwrap_err().to_string();
        assert!(error.contains("nr_hugepages"), "{error}");
        return;
    };
    // Others may use hugepages here, too: only what this test takes is counted.
    let memory = Memory::allocate(5 * MIB, PagePreference::Largest).unwrap();
    assert_eq!(memory.page_size(), PageSize::Huge2M);
    assert_eq!(memory.len(), 6 * MIB);
    fill(&memory);
    let slice = memory.carve(MIB, 2 * MIB).unwrap();
    assert_eq!(slice.base().addr().get() % (2 * MIB), 0);
    assert_eq!(slice.iova() % (2 * MIB) as u64, 0, "no superpage is possible");
    drop(slice);

    // Taken there and then, not when touched.
    let free = number("free_hugepages");
    let second = Memory::allocate(2 * MIB, PagePreference::Only(PageSize::Huge2M)).unwrap();
    assert_eq!(number("free_hugepages"), free - 1);
    drop(second);
    assert_eq!(number("free_hugepages"), free);

    // More than the pool has: an error with advice, or ordinary pages that say so.
    let beyond = (free as usize + 1) * 2 * MIB;
    let error = Memory::allocate(beyond, PagePreference::Only(PageSize::Huge2M));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("nr_hugepages"), "{error}");
    assert_eq!(number("free_hugepages"), free, "the failure kept pages");
    let fallback = Memory::allocate(beyond, PagePreference::Largest).unwrap();
    assert_eq!(fallback.page_size(), PageSize::Ordinary);
    fill(&fallback);

    let before = number("free_hugepages");
    drop(memory);
    assert_eq!(number("free_hugepages"), before + 3);
}
