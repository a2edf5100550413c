//! Execution, cost, portfolio and engine vectors.
