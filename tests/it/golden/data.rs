//! Market data vectors.
