//! What a run reports: trade and equity metrics with one rule for the undefined, and significance statistics (`metrics.md`).
