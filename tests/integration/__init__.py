"""Tests of one part against the real server it talks to."""
