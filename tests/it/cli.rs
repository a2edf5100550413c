//! What a person sees: commands, options, exit codes, screens.
