use proptest::prelude::*;

use super::*;

#[test]
fn what_comes_back_is_joined() {
    let mut carver = Carver::new(100);
    let ranges: Vec<Range> = (0..4).map(|_| carver.take(25, 1).unwrap()).collect();
    assert_eq!(carver.take(1, 1), None);
    for index in [2, 0, 3, 1] {
        carver.give_back(ranges[index]);
    }
    assert_eq!(carver.take(100, 1).map(|range| range.offset), Some(0));
}

#[test]
fn fresh_bytes_are_told_from_used_ones() {
    let mut carver = Carver::new(100);
    let first = carver.take(10, 1).unwrap();
    assert_eq!(first.used, 0);
    carver.give_back(first);
    assert_eq!(carver.take(30, 1).unwrap().used, 10);
    assert_eq!(carver.take(30, 1).unwrap().used, 0);
}

#[test]
fn gaps_before_an_aligned_range_stay_free() {
    let mut carver = Carver::new(64);
    assert_eq!(carver.take(1, 1).unwrap().offset, 0);
    assert_eq!(carver.take(32, 32).unwrap().offset, 32);
    assert_eq!(carver.free_bytes(), 31);
    assert_eq!(carver.take(31, 1).unwrap().offset, 1);
}

#[test]
fn nonsense_is_refused() {
    let mut carver = Carver::new(64);
    for (len, align) in [(0, 1), (1, 0), (1, 3), (65, 1), (usize::MAX, 1), (usize::MAX, 1 << 63)] {
        assert_eq!(carver.take(len, align), None);
    }
    assert_eq!(carver.free_bytes(), 64);
}

proptest! {
    /// Against a model: the owner of each byte.
    #[test]
    fn each_byte_has_one_owner(
        steps in prop::collection::vec((any::<bool>(), 1..70usize, 0..6u32), 1..150)
    ) {
        const LEN: usize = 256;
        let mut carver = Carver::new(LEN);
        let mut owned = [false; LEN];
        let mut touched = [false; LEN];
        let mut out: Vec<Range> = Vec::new();
        for (give, size, align) in steps {
            if give && !out.is_empty() {
                let range = out.swap_remove(size % out.len());
                owned[range.offset..range.offset + range.len].fill(false);
                carver.give_back(range);
            } else {
                let align = 1 << align;
                let fits = (0..LEN)
                    .step_by(align)
                    .find(|at| at + size <= LEN && !owned[*at..at + size].contains(&true));
                let got = carver.take(size, align);
                prop_assert_eq!(got.map(|range| range.offset), fits);
                if let Some(range) = got {
                    let bytes = range.offset..range.offset + range.len;
                    prop_assert_eq!(range.len, size);
                    prop_assert!(!touched[range.offset + range.used..bytes.end].contains(&true));
                    owned[bytes.clone()].fill(true);
                    touched[bytes].fill(true);
                    out.push(range);
                }
            }
            prop_assert_eq!(carver.free_bytes(), owned.iter().filter(|byte| !**byte).count());
        }
    }
}
