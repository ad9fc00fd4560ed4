"""Loopback venues that speak a real exchange's wire: the simulated exchange behind HTTP and websockets, with faults."""
