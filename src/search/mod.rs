//! Which parameter sets to try: space, constraints, samplers, objectives. Knows nothing of bars.
