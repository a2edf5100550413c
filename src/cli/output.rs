//! The two channels: data on standard output, conversation on standard error. The only writers of the program.
//!
//! A reader that goes away (`omega-sweep schema | head`) is no error: the rest is dropped silently.

use std::io::{self, BufWriter, IsTerminal, Write};

use super::args::ColorChoice;
use crate::report::Tone;

/// What the user asked of the conversation, and what the two channels can show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    color_out: bool,
    color_err: bool,
    /// `-q` makes it -1, each `-v` adds one.
    pub(crate) verbosity: i8,
}

impl Console {
    /// Decides colour per channel: the option, else `NO_COLOR`, else whether the channel is a terminal.
    pub(crate) fn new(choice: ColorChoice, verbosity: i8) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let wanted = |is_terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color && !dumb,
        };
        Self {
            color_out: wanted(io::stdout().is_terminal()),
            color_err: wanted(io::stderr().is_terminal()),
            verbosity,
        }
    }

    /// Writes data to standard output, whole.
    ///
    /// # Errors
    /// A disk error; a closed pipe is silently accepted.
    #[expect(clippy::unused_self, reason = "the console is the only writer of both channels")]
    pub(crate) fn data(self, text: &str) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        forgive_closed_pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Writes a line of conversation to standard error, unless `-q` asked for silence.
    pub(crate) fn say(self, text: &str) {
        if self.verbosity >= 0 {
            self.complain(text);
        }
    }

    /// Writes a line to standard error, whatever `-q` says.
    pub(crate) fn complain(self, text: &str) {
        let mut err = io::stderr().lock();
        // A standard error that went away leaves nobody to tell.
        let _ = writeln!(err, "{}", self.highlight(text));
    }

    /// Whether standard output shows colour.
    pub(crate) fn colors_data(self) -> bool {
        self.color_out
    }

    /// Whether standard error shows colour.
    pub(crate) fn colors_talk(self) -> bool {
        self.color_err
    }

    /// Colours the code in front of every line that begins with `error` or `warning`.
    fn highlight(self, text: &str) -> String {
        text.lines().map(|line| self.highlight_line(line)).collect::<Vec<_>>().join("\n")
    }

    fn highlight_line(self, line: &str) -> String {
        let tone = match line {
            _ if line.starts_with("error") => Tone::Bad,
            _ if line.starts_with("warning") => Tone::Look,
            _ => return line.to_owned(),
        };
        match line.split_once(':') {
            Some((head, rest)) => format!("{}:{rest}", tone.paint(self.color_err, head)),
            None => line.to_owned(),
        }
    }
}

fn forgive_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_ends_silently_and_other_errors_do_not() {
        let closed = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(forgive_closed_pipe(Err(closed)).is_ok());
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(forgive_closed_pipe(Err(full)).is_err());
    }

    #[test]
    fn colour_marks_the_code_and_nothing_else() {
        let text = "error[E105]: unknown parameter\n  --> a.json:5:20";
        assert_eq!(Console::new(ColorChoice::Never, 0).highlight(text), text);
        assert_eq!(
            Console::new(ColorChoice::Always, 0).highlight(text),
            "\u{1b}[1;31merror[E105]\u{1b}[0m: unknown parameter\n  --> a.json:5:20"
        );
    }
}
