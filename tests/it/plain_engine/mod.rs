//! A second implementation of the execution rules, written from their text alone and as plainly as possible.
//!
//! Rows instead of columns, lists scanned from the start on every bar, nothing cached and nothing skipped. It shares no code with the
//! engine except the keyed generator, so that an agreement of both to the last bit says something about the rules.

mod account;
mod costs;
mod dice;
mod exits;
mod generate;
mod generated;
mod input;
mod management;
mod market;
mod orders;
mod outcome;
mod run;
mod script;
mod sizing;
mod switches;
mod unit_vectors;
mod vectors;
mod walk;
