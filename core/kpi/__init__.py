"""Measures of the desk: latency, execution quality, markout, connectivity, performance, attribution. Reads only."""
