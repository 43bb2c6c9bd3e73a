use proptest::prelude::*;

use super::*;

const PAGE: u64 = 4096;
const HUGE: u64 = 2 << 20;

fn vtd() -> Vec<RangeInclusive<u64>> {
    vec![0..=0xfedf_ffff, 0xfef0_0000..=0x7f_ffff_ffff]
}

#[test]
fn above_four_gib_first_then_below() {
    let mut iovas = Allocator::new();
    assert_eq!(iovas.take(HUGE, &[HUGE], &vtd()), Some(1 << 32));
    assert_eq!(iovas.take(HUGE, &[HUGE], &vtd()), Some((1 << 32) + HUGE));
    let low = [0..=0xffff_ffff];
    assert_eq!(iovas.take(HUGE, &[HUGE], &low), Some(HUGE));
    // Above the preferred bits when nothing else is left.
    let high = [1 << 45..=u64::MAX];
    assert_eq!(iovas.take(HUGE, &[HUGE], &high), Some(1 << 45));
}

#[test]
fn never_zero() {
    let mut iovas = Allocator::new();
    assert_eq!(iovas.take(PAGE, &[PAGE], &[0..=4 * PAGE - 1]), Some(PAGE));
    assert_eq!(iovas.take(1, &[1], &[0..=0]), None);
}

#[test]
fn a_smaller_alignment_is_better_than_nothing() {
    let mut iovas = Allocator::new();
    let narrow = [0x1000..=0x1f_ffff + 0x1000];
    assert_eq!(iovas.take(HUGE, &[HUGE, PAGE], &narrow), Some(0x1000));
    assert_eq!(iovas.take(PAGE, &[PAGE], &narrow), None);
}

#[test]
fn holes_are_filled_again() {
    let mut iovas = Allocator::new();
    let at: Vec<u64> = (0..4).map(|_| iovas.take(HUGE, &[HUGE], &vtd()).unwrap()).collect();
    iovas.free(at[1]);
    iovas.free(at[2]);
    assert_eq!(iovas.take(3 * HUGE, &[HUGE], &vtd()), Some(at[3] + HUGE));
    assert_eq!(iovas.take(2 * HUGE, &[HUGE], &vtd()), Some(at[1]));
}

#[test]
fn a_range_in_use_that_covers_the_start_is_stepped_over() {
    let mut iovas = Allocator::new();
    assert_eq!(iovas.take(8 * PAGE, &[PAGE], &[PAGE..=u64::MAX]), Some(1 << 32));
    let middle = [(1 << 32) + PAGE..=(1 << 32) + 16 * PAGE];
    assert_eq!(iovas.take(PAGE, &[PAGE], &middle), Some((1 << 32) + 8 * PAGE));
}

#[test]
fn nonsense_is_refused() {
    let mut iovas = Allocator::new();
    assert_eq!(iovas.take(0, &[PAGE], &vtd()), None);
    assert_eq!(iovas.take(PAGE, &[0], &vtd()), None);
    assert_eq!(iovas.take(PAGE, &[3], &vtd()), None);
    assert_eq!(iovas.take(PAGE, &[], &vtd()), None);
    assert_eq!(iovas.take(PAGE, &[PAGE], &[]), None);
    assert_eq!(iovas.take(u64::MAX, &[1 << 63], &[0..=u64::MAX]), None);
    assert_eq!(iovas.take(u64::MAX, &[1], &[0..=u64::MAX]), Some(1));
}

#[test]
fn ranges_in_common() {
    let one = [0..=9, 20..=29, 40..=49];
    assert_eq!(intersect(&one, &[5..=24, 29..=40]), [5..=9, 20..=24, 29..=29, 40..=40]);
    assert!(intersect(&one, &[10..=19]).is_empty());
    assert!(contains(&one, 20, 10) && !contains(&one, 20, 11));
    assert!(!contains(&one, 20, 0) && !contains(&[1..=u64::MAX], u64::MAX, 2));
}

#[derive(Clone, Debug)]
enum Step {
    Take { pages: u64, align: u32, window: usize },
    Free(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let take = (1..40u64, 0..6u32, 0..4usize).prop_map(|(pages, align, window)| Step::Take {
        pages,
        align,
        window,
    });
    let free = any::<prop::sample::Index>().prop_map(|index| Step::Free(index.index(64)));
    prop::collection::vec(prop_oneof![2 => take, 1 => free], 1..120)
}

proptest! {
    /// Against a model: a list of what is out, and a search of every address.
    #[test]
    fn ranges_are_aligned_allowed_and_disjoint(steps in steps()) {
        let windows: [Vec<RangeInclusive<u64>>; 4] = [
            vec![0..=64 * PAGE - 1],
            vec![3 * PAGE..=9 * PAGE - 1, 11 * PAGE..=200 * PAGE - 1],
            vec![0..=PAGE - 1, 100 * PAGE..=300 * PAGE - 1],
            vec![5 * PAGE + 1..=77 * PAGE + 5],
        ];
        let mut iovas = Allocator::new();
        let mut out: Vec<(u64, u64)> = Vec::new();
        for step in steps {
            match step {
                Step::Free(index) => {
                    if !out.is_empty() {
                        let (start, _) = out.swap_remove(index % out.len());
                        iovas.free(start);
                    }
                }
                Step::Take { pages, align, window } => {
                    let (len, align) = (pages * PAGE, PAGE << align);
                    let ranges = &windows[window];
                    let is_free = |at: u64| {
                        at != 0
                            && contains(ranges, at, len)
                            && out.iter().all(|(start, long)| at + len <= *start || start + long <= at)
                    };
                    let expected = (0..400 * PAGE).step_by(align as usize).find(|at| is_free(*at));
                    let got = iovas.take(len, &[align], ranges);
                    prop_assert_eq!(got, expected);
                    if let Some(start) = got {
                        out.push((start, len));
                    }
                }
            }
        }
    }
}
