//! `validation` of kind `walk_forward` as typed values (`walk_forward_and_robustness.md` section 2).

use std::fmt;
use std::str::FromStr;

use crate::types::Span;

/// An enum whose variants are words of the sweep file; reads and writes exactly those.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All variants, the default first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in a sweep file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ();

            /// Exactly the words of [`Self::ALL`].
            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or(())
            }
        }
    };
}

words! {
    /// Where a training range begins.
    WindowMode {
        /// A window's training range moves along with it.
        #[default]
        Rolling = "rolling",
        /// Every training range begins with the development range.
        Anchored = "anchored",
    }
}

words! {
    /// What happens to a test that runs past the development range.
    FinalWindow {
        /// It is left out.
        #[default]
        Drop = "drop",
        /// It is cut.
        Partial = "partial",
    }
}

words! {
    /// Which parameter set of a training range goes to the test.
    Choose {
        /// Rank 1.
        #[default]
        Best = "best",
        /// Largest product of plateau score and objective among the best.
        Plateau = "plateau",
        /// Median level of each parameter among the best.
        MedianOfTop = "median_of_top",
    }
}

words! {
    /// How the equity of one test follows that of the one before.
    Stitch {
        /// Profits add up: every window trades the initial equity.
        #[default]
        Additive = "additive",
        /// Growth multiplies: every window trades what the one before left.
        Compound = "compound",
    }
}

words! {
    /// What happens to positions at the end of a test.
    AtWindowEnd {
        /// Closed at the last bar at market with costs.
        #[default]
        Close = "close",
        /// Held without new entries until flat.
        Carry = "carry",
    }
}

/// Lengths to try against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSettings {
    /// Training lengths.
    pub train: Vec<Span>,
    /// Test lengths.
    pub test: Vec<Span>,
    /// Out-of-sample objective a cell must exceed.
    pub threshold: f64,
}

/// A walk-forward study.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkForwardSettings {
    /// Rolling or anchored training.
    pub mode: WindowMode,
    /// Length of a training range (of the first one when anchored).
    pub train: Span,
    /// Length of a test range.
    pub test: Span,
    /// Distance from one window to the next.
    pub step: Span,
    /// Gap between training and test.
    pub purge: Span,
    /// The last test.
    pub final_window: FinalWindow,
    /// Consecutive parts of a training range over which the objective is joined.
    pub inner_folds: u32,
    /// The choice in each window.
    pub choose: Choose,
    /// How tests are joined.
    pub stitch: Stitch,
    /// Positions at the end of a test.
    pub at_window_end: AtWindowEnd,
    /// Other lengths to try, if any.
    pub matrix: Option<MatrixSettings>,
}

/// Settings that describe no windows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WalkForwardError {
    /// A length of nothing.
    #[error("`{key}` is {found}; a window needs at least one bar: write 1 or more")]
    Empty {
        /// `train`, `test`, `step` or `inner_folds`.
        key: &'static str,
        /// The length found.
        found: String,
    },
}

impl WalkForwardSettings {
    /// The two required lengths with every default: rolling, the step of a test, no purge.
    pub fn new(train: Span, test: Span) -> Self {
        Self {
            mode: WindowMode::default(),
            train,
            test,
            step: test,
            purge: Span::Bars(0),
            final_window: FinalWindow::default(),
            inner_folds: 1,
            choose: Choose::default(),
            stitch: Stitch::default(),
            at_window_end: AtWindowEnd::default(),
            matrix: None,
        }
    }

    /// Refuses lengths of nothing; a purge may be none.
    ///
    /// # Errors
    /// Names the key.
    pub fn check(&self) -> Result<(), WalkForwardError> {
        let spans = [("train", self.train), ("test", self.test), ("step", self.step)];
        if let Some((key, span)) = spans.into_iter().find(|(_, span)| span.is_zero()) {
            return Err(WalkForwardError::Empty { key, found: span.to_string() });
        }
        if self.inner_folds == 0 {
            return Err(WalkForwardError::Empty { key: "inner_folds", found: "0".to_owned() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_what_they_write_and_nothing_else() {
        for choose in Choose::ALL {
            assert_eq!(choose.as_str().parse(), Ok(*choose));
        }
        assert_eq!("Best".parse::<Choose>(), Err(()));
        assert_eq!(Stitch::default(), Stitch::Additive);
    }

    #[test]
    fn a_length_of_nothing_is_refused_but_no_purge_is_fine() {
        let settings = WalkForwardSettings::new(Span::Months(18), Span::Months(3));
        assert_eq!(settings.check(), Ok(()));
        let empty = WalkForwardSettings { step: Span::Days(0), ..settings };
        let message = empty.check().map_err(|error| error.to_string());
        assert_eq!(message, Err("`step` is 0d; a window needs at least one bar: write 1 or more".to_owned()));
    }
}
