"""How fast the relay is, and what it costs: `python -m tests.benchmarks --help`; never in CI."""
