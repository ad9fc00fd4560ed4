"""Streaming estimators over our own view of one instrument. Pure kernels: no clock, no I/O, no orders."""
