"""Strategies: one folder each. They see views, signals and their ledger, and write targets; nothing else."""
