//! Emphasis by colour; everything is understandable without it.

/// How a piece of text is emphasised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something went wrong.
    Bad,
    /// Something to look at.
    Look,
    /// Something went well.
    Good,
    /// A heading.
    Strong,
    /// Beside the point.
    Faint,
}

impl Tone {
    /// `text` in this tone, or unchanged without colour.
    pub fn paint(self, color: bool, text: &str) -> String {
        if !color {
            return text.to_owned();
        }
        let code = match self {
            Self::Bad => "1;31",
            Self::Look => "33",
            Self::Good => "32",
            Self::Strong => "1",
            Self::Faint => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_are_no_control_characters() {
        assert_eq!(Tone::Bad.paint(false, "error"), "error");
        assert_eq!(Tone::Bad.paint(true, "error"), "\u{1b}[1;31merror\u{1b}[0m");
    }
}
