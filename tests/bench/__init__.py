"""`make bench`: the table of what "fast" means here, measured now, on this machine, beside the engines it names."""
