//! Errors a user will make, one snapshot each.
