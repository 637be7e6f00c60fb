//! Medians, quartiles and paired ratios.

/// Median, quartiles, least and greatest of a set of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    /// A quarter and three quarters of the way from the least to the greatest, in order, in between by proportion.
    pub(super) quartiles: [f64; 2],
}

/// The spread of `samples`; `None` without samples.
pub(super) fn spread(samples: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut sorted: Vec<f64> = samples.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    Some(Spread {
        median: quantile(&sorted, 0.5),
        min,
        max,
        quartiles: [0.25, 0.75].map(|share| quantile(&sorted, share)),
    })
}

/// The value that `share` of the samples lie below, in between two of them by proportion.
///
/// # Panics
///
/// Panics without samples.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor();
    let (low, high) = (sorted[below as usize], sorted[place.ceil() as usize]);
    match place - below {
        // Two infinities have no difference.
        _ if low == high => low,
        rest => low + (high - low) * rest,
    }
}

/// The ratios of the rounds in which both have a sample.
///
/// Rounds in which the reference is zero say nothing and are left out.
pub(super) fn ratios<'a>(
    subject: &'a [Option<f64>],
    reference: &'a [Option<f64>],
) -> impl Iterator<Item = f64> + 'a {
    subject.iter().zip(reference).filter_map(|pair| match pair {
        (Some(subject), Some(reference)) if *reference != 0.0 => Some(subject / reference),
        _ => None,
    })
}

/// The median of the [`ratios`].
pub(super) fn paired_ratio(subject: &[Option<f64>], reference: &[Option<f64>]) -> Option<f64> {
    spread(ratios(subject, reference)).map(|spread| spread.median)
}

#[cfg(test)]
mod tests {
    use super::{Spread, paired_ratio, spread};

    #[test]
    fn spread_of_odd_even_and_no_samples() {
        let odd = Spread {
            median: 2.0,
            min: 1.0,
            max: 9.0,
            quartiles: [1.5, 5.5],
        };
        assert_eq!(spread([9.0, 1.0, 2.0]), Some(odd));
        assert_eq!(
            spread([4.0, 1.0, 2.0, 3.0]).map(|spread| spread.median),
            Some(2.5)
        );
        let one = spread([7.0]).map(|spread| (spread.median, spread.quartiles));
        assert_eq!(one, Some((7.0, [7.0, 7.0])));
        let four = spread([4.0, 1.0, 2.0, 3.0]).map(|spread| spread.quartiles);
        assert_eq!(four, Some([1.75, 3.25]));
        assert_eq!(spread([]), None);
    }

    #[test]
    fn ratios_are_taken_within_rounds() {
        // The machine is three times as slow in the second round: the paired ratio does not care, the ratio of the
        // medians would.
        let subject = [Some(11.0), Some(33.0), None, Some(11.0)];
        let reference = [Some(10.0), Some(30.0), Some(1.0), None];
        assert_eq!(paired_ratio(&subject, &reference), Some(1.1));
        assert_eq!(paired_ratio(&subject, &[None; 4]), None);
        assert_eq!(paired_ratio(&[Some(1.0)], &[Some(0.0)]), None);
    }
}
