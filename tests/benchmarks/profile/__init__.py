"""Where a relay spends its time: samples of its CPU time, and spans of its transactions."""
