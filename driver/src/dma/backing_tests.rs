use std::fs;

use super::*;

/// Kilobytes of this process's mapping at `base` that have the named property in
/// `/proc/self/smaps`.
fn smaps(base: usize, key: &str) -> Option<String> {
    let text = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    for line in text.lines() {
        let range = line.split_whitespace().next().and_then(|word| {
            let (first, end) = word.split_once('-')?;
            let first = usize::from_str_radix(first, 16).ok()?;
            Some(first..usize::from_str_radix(end, 16).ok()?)
        });
        if let Some(range) = range {
            inside = range.contains(&base);
        } else if inside && line.starts_with(key) {
            return Some(line[key.len()..].trim().to_owned());
        }
    }
    None
}

fn check(backing: &Backing) {
    let base = backing.base();
    for at in (0..backing.len()).step_by(1024).chain([backing.len() - 1]) {
        // SAFETY: within the backing, of which this test is the only owner.
        unsafe {
            assert_eq!(base.add(at).read_volatile(), 0, "byte {at}");
            base.add(at).write_volatile(1);
        }
    }
    let flags = smaps(base.addr().get(), "VmFlags:").unwrap();
    assert!(flags.split_whitespace().any(|flag| flag == "dc"), "not MADV_DONTFORK: {flags}");
}

#[test]
fn ordinary_pages_are_zeroed_and_there() {
    for size in [1, 4096, 5000, 3 << 20] {
        let backing = Backing::take(size, PagePreference::Only(PageSize::Ordinary)).unwrap();
        assert_eq!(backing.pages(), PageSize::Ordinary);
        assert_eq!(backing.len(), size.next_multiple_of(granule() as usize));
        let align = if size >= 2 << 20 { 2 << 20 } else { granule() as usize };
        assert_eq!(backing.base().addr().get() % align, 0);
        let rss = smaps(backing.base().addr().get(), "Rss:").unwrap();
        let rss: usize = rss.trim_end_matches("kB").trim().parse().unwrap();
        assert!(rss << 10 >= backing.len(), "{rss} KiB of {} are there", backing.len());
        check(&backing);
    }
}

#[test]
fn sizes_that_cannot_be() {
    for size in [0, usize::MAX, isize::MAX as usize] {
        let error = Backing::take(size, PagePreference::Largest).unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error:?}");
    }
    let error = Backing::take(1 << 60, PagePreference::Largest).unwrap_err();
    assert!(matches!(error, Error::Kernel { .. }), "{error:?}");
}

#[test]
fn which_pages_waste_too_much() {
    assert!(!is_fitting(512 * MIB, PageSize::Huge1G));
    assert!(is_fitting(GIB, PageSize::Huge1G));
    assert!(is_fitting(GIB - GIB / 10, PageSize::Huge1G));
    assert!(!is_fitting(GIB + 1, PageSize::Huge1G));
    assert!(is_fitting(4096, PageSize::Huge2M));
    assert!(is_fitting(3 * MIB, PageSize::Huge2M));
}

#[test]
fn hugepages_that_are_not_there_are_an_error_with_advice() {
    // More than any machine that runs this has reserved.
    let pages = PagePreference::Only(PageSize::Huge1G);
    let error = Backing::take(1 << 46, pages).unwrap_err().to_string();
    assert!(error.contains("hugepages-1048576kB/nr_hugepages"), "{error}");
}
