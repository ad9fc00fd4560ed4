"""Configuration: YAML with line numbers, environment and flag overrides, the program's own settings, venue files."""
