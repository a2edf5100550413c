//! Command line: grammar, commands, progress, exit codes. The only place that prints.
