//! The CPUs near the adapter, which is on node 0: those of the machine's node 0.

use std::fs;

/// As a list, `0-1`, and as a mask in groups of 32 bits, `3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cpus {
    pub(super) list: String,
    pub(super) mask: String,
}

impl Cpus {
    /// Those of this machine. Without NUMA: all that are online.
    pub(super) fn of_this_machine() -> Cpus {
        let from = ["/sys/devices/system/node/node0/cpulist", "/sys/devices/system/cpu/online"];
        let list = from.iter().find_map(|path| fs::read_to_string(path).ok());
        Cpus::new(list.as_deref().unwrap_or("0").trim())
    }

    fn new(list: &str) -> Cpus {
        let mut words = vec![0u32];
        for range in list.split(',').filter_map(range) {
            for cpu in range {
                let word = cpu / 32;
                words.resize(words.len().max(word + 1), 0);
                words[word] |= 1 << (cpu % 32);
            }
        }
        let mut mask = String::new();
        for (index, word) in words.iter().rev().enumerate() {
            mask += &if index == 0 { format!("{word:x}") } else { format!(",{word:08x}") };
        }
        Cpus { list: list.to_string(), mask }
    }
}

/// `4` or `4-7`. Linux has at most 8192 CPUs.
fn range(text: &str) -> Option<std::ops::RangeInclusive<usize>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (last < 8192).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_as_the_kernel_prints_them() {
        for (list, mask) in [
            ("0", "1"),
            ("0-1", "3"),
            ("0,2-3", "d"),
            ("0-31", "ffffffff"),
            ("32", "1,00000000"),
            ("0-15,48-63", "ffff0000,0000ffff"),
            ("", "0"),
            ("0-99999999", "0"),
        ] {
            assert_eq!(Cpus::new(list).mask, mask, "{list}");
        }
        assert!(!Cpus::of_this_machine().list.is_empty());
    }
}
