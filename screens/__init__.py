"""What the operator sees; knows core.domain and nothing else of the core."""
