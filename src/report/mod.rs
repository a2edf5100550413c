//! What a person reads: terminal tables and files made from the run folder.
