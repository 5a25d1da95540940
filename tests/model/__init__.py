"""A model of exactly-once delivery around the relay's own decisions, searched to the last state."""
