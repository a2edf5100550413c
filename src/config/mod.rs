//! Sweep file to typed settings: every problem at once, with path, line, column and a suggestion.
