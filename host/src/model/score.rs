/// With fewer earlier releases than this a rank says little, and the fixed scale counts.
pub const COMPARED_RELEASES_MIN: u32 = 20;

/// The magnitude that the fixed scale takes to 50.
pub const SCALE_MIDDLE: f64 = 10.0;

/// How risky a release is, from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// From 0 to 100: a percentile, or a value of the fixed scale.
    pub value: f64,
    /// What it was made from.
    pub basis: Basis,
    /// Earlier releases that it was compared with, or that there are when they are too few.
    pub releases: u32,
    /// How many of `releases` are known from recorded runs; the others are by their tags.
    pub recorded: u32,
    /// Earlier releases that could not be read or assessed.
    pub left_out: u32,
    /// Earlier releases that there was no time for.
    pub unfinished: u32,
}

/// What a score was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The project's earlier releases.
    Releases {
        /// How many of them have a smaller magnitude.
        smaller: u32,
        /// How many of them have the same magnitude.
        equal: u32,
    },
    /// A fixed scale of the magnitude.
    Scale(ScaleReason),
}

/// Why the fixed scale counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleReason {
    /// There are fewer than [`COMPARED_RELEASES_MIN`] earlier releases.
    TooFew,
    /// Most earlier releases could not be read or assessed, or too few were left.
    TooManyLeftOut,
    /// Too few earlier releases were assessed when the time was over.
    OutOfTime,
}

/// What is known of the earlier releases.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    /// The magnitude of each that was assessed; all finite.
    pub magnitudes: Vec<f64>,
    /// How many of these, or where none had to be assessed of all, are known from recorded runs.
    pub recorded: u32,
    /// How many could not be read or assessed.
    pub left_out: u32,
    /// How many there was no time or no need for.
    pub unfinished: u32,
}

impl Score {
    /// The score of a magnitude, which is finite.
    ///
    /// Among earlier releases it is the percentile rank: the share of those with a smaller
    /// magnitude, plus half of the share of those with the same one, times 100 (the mid-rank of
    /// Wilcoxon, so that a release in the middle of equal ones gets 50). On the fixed scale it is
    /// 100 × m / (m + [`SCALE_MIDDLE`]) for a magnitude m above zero, else 0.
    ///
    /// ```
    /// use holdpoint::model::{Basis, Earlier, ScaleReason, Score};
    ///
    /// let mut earlier = Earlier {
    ///     magnitudes: (0..20).map(f64::from).collect(),
    ///     ..Earlier::default()
    /// };
    /// let score = Score::new(15.0, &earlier);
    /// assert_eq!(score.value, 77.5);
    /// assert_eq!(score.basis, Basis::Releases { smaller: 15, equal: 1 });
    ///
    /// earlier.magnitudes.truncate(3);
    /// let score = Score::new(30.0, &earlier);
    /// assert_eq!(score.value, 75.0);
    /// assert_eq!(score.basis, Basis::Scale(ScaleReason::TooFew));
    /// ```
    #[must_use]
    pub fn new(magnitude: f64, earlier: &Earlier) -> Self {
        let assessed = count(earlier.magnitudes.len());
        let all = assessed
            .saturating_add(earlier.left_out)
            .saturating_add(earlier.unfinished);
        let reason = if all < COMPARED_RELEASES_MIN && earlier.left_out == 0 {
            Some(ScaleReason::TooFew)
        } else if earlier.left_out > assessed {
            Some(ScaleReason::TooManyLeftOut)
        } else if assessed < COMPARED_RELEASES_MIN && earlier.unfinished > 0 {
            Some(ScaleReason::OutOfTime)
        } else if assessed < COMPARED_RELEASES_MIN {
            Some(ScaleReason::TooManyLeftOut)
        } else {
            None
        };
        let (value, basis, unfinished) = match reason {
            // Where there are too few, none of them had to be looked at.
            Some(ScaleReason::TooFew) => (scale(magnitude), Basis::Scale(ScaleReason::TooFew), 0),
            Some(reason) => (scale(magnitude), Basis::Scale(reason), earlier.unfinished),
            None => {
                let those = |holds: fn(&f64, &f64) -> bool| {
                    let those = earlier.magnitudes.iter();
                    count(those.filter(|other| holds(other, &magnitude)).count())
                };
                let (smaller, equal) = (those(f64::lt), those(f64::eq));
                // Whole numbers up to the one division, so that a threshold is met exactly.
                let halves = 2.0 * f64::from(smaller) + f64::from(equal);
                let value = 100.0 * halves / (2.0 * f64::from(assessed));
                (
                    value,
                    Basis::Releases { smaller, equal },
                    earlier.unfinished,
                )
            }
        };
        Self {
            value,
            basis,
            releases: match reason {
                Some(ScaleReason::TooFew) => assessed.saturating_add(earlier.unfinished),
                _ => assessed,
            },
            recorded: earlier.recorded,
            left_out: earlier.left_out,
            unfinished,
        }
    }

    /// The value as people read it: with one decimal at most, cut off, so that what is below a
    /// threshold does not look as if it had reached it.
    #[must_use]
    pub fn short(&self) -> String {
        let text = format!("{:.1}", (self.value * 10.0).floor() / 10.0);
        text.strip_suffix(".0").unwrap_or(&text).to_owned()
    }
}

/// The fixed scale: 0 for nothing, 50 for [`SCALE_MIDDLE`], towards 100 without an end.
fn scale(magnitude: f64) -> f64 {
    if magnitude > 0.0 {
        100.0 * (magnitude / (magnitude + SCALE_MIDDLE))
    } else {
        0.0
    }
}

/// A count that stops at its largest value.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
