"""What benchmarks run on: real servers, relays, messages; and what is seen of all these."""
