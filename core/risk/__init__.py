"""Limits, their state, and the last gate before a request leaves: pure functions of blocks."""
