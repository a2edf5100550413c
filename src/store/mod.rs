//! The run folder: chunks, manifest, digests, leaderboard. Whole or absent, provably intact.
