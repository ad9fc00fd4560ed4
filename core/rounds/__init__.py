"""Rounds: when they begin and end, what happened in them, and the report that says so. A sink and a timer source."""
