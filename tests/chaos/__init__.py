"""The chaos run: faults of every kind strike while messages are published, then the oracle decides.

`make chaos` runs it for as long as it is told; tests/acceptance/test_chaos.py for a minute.
"""
