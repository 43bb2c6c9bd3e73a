//! Hugepages of 2 MiB.

use std::fs;
use vmtest::{Context, Result, ensure};

const POOL: &str = "/sys/kernel/mm/hugepages/hugepages-2048kB";

/// Makes the pool hold exactly `pages` pages, fails if the kernel finds no room for them.
pub fn reserve(pages: u64) -> Result {
    let path = format!("{POOL}/nr_hugepages");
    fs::write(&path, pages.to_string()).context(&path)?;
    let got = count("nr_hugepages")?;
    ensure!(got == pages, "asked for {pages} hugepages of 2 MiB, the kernel gave {got}");
    Ok(())
}

/// How many pages of the pool are in nobody's hands.
pub fn free() -> Result<u64> {
    count("free_hugepages")
}

fn count(file: &str) -> Result<u64> {
    let path = format!("{POOL}/{file}");
    Ok(fs::read_to_string(&path).context(&path)?.trim().parse()?)
}
