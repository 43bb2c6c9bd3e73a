//! From samples to figures.

use crate::versus::rows::{Figures, Paired};

/// The value under which a share of `sorted` values lies, the nearest of them: of 0 the least, of 1 the most.
/// `None` of nothing.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

/// Puts values in order.
pub(super) fn sort(values: &mut [f64]) {
    values.sort_unstable_by(f64::total_cmp);
}

/// Figures of all samples of a side; `None` of none.
pub(super) fn figures(mut samples: Vec<f64>) -> Option<Figures> {
    sort(&mut samples);
    Some(Figures {
        min: quantile(&samples, 0.0)?,
        p25: quantile(&samples, 0.25)?,
        samples: samples.len() as u64,
    })
}

/// The 25th percentile of one slot; `None` of no samples.
pub(super) fn p25(samples: &[f64]) -> Option<f64> {
    let mut samples = samples.to_vec();
    sort(&mut samples);
    quantile(&samples, 0.25)
}

/// What ratios of neighbouring slots come to; `None` of none.
pub(super) fn paired(mut ratios: Vec<f64>) -> Option<Paired> {
    sort(&mut ratios);
    Some(Paired {
        median: quantile(&ratios, 0.5)?,
        p10: quantile(&ratios, 0.1)?,
        p90: quantile(&ratios, 0.9)?,
        pairs: ratios.len() as u64,
    })
}

/// `ours` to `theirs`; `None` where that has no meaning.
pub(super) fn ratio(ours: f64, theirs: f64) -> Option<f64> {
    let ratio = ours / theirs;
    (theirs > 0.0 && ratio.is_finite()).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_all_samples_in_whatever_order() {
        let samples = vec![9.0, 3.0, 7.0, 5.0, 4.0, 8.0, 6.0, 2.5, 10.0];
        let figures = figures(samples).unwrap();
        assert_eq!(figures, Figures { min: 2.5, p25: 4.0, samples: 9 });
        assert_eq!(super::figures(vec![1.5]), Some(Figures { min: 1.5, p25: 1.5, samples: 1 }));
        assert_eq!(super::figures(Vec::new()), None);
    }

    #[test]
    fn a_quantile_is_the_nearest_value_that_there_is() {
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        let of = |share| quantile(&ten, share).unwrap();
        assert_eq!(
            (of(0.0), of(0.1), of(0.25), of(0.5), of(0.9), of(1.0)),
            (1.0, 2.0, 3.0, 6.0, 9.0, 10.0)
        );
        assert_eq!(p25(&[4.0, 1.0, 3.0, 2.0, 5.0]), Some(2.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_pair_has_a_middle_and_a_spread() {
        // Eleven pairs, of which one met something: it is in no figure.
        let ratios = vec![0.30, 0.31, 0.29, 0.28, 0.32, 0.33, 0.27, 5.0, 0.34, 0.26, 0.25];
        let paired = paired(ratios).unwrap();
        assert_eq!(paired, Paired { median: 0.30, p10: 0.26, p90: 0.34, pairs: 11 });
        assert_eq!(super::paired(Vec::new()), None);
    }

    #[test]
    fn there_is_no_ratio_to_nothing() {
        assert_eq!(ratio(3.0, 12.0), Some(0.25));
        assert_eq!(ratio(3.0, 0.0), None);
        assert_eq!(ratio(f64::NAN, 1.0), None);
    }
}
