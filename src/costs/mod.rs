//! What trading costs: slippage, commission, currency conversion, swap. Each a settings struct, a rule, a table test.
