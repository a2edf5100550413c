//! 1, 2 and 7 threads, any order, interrupted or not: the same bytes.
