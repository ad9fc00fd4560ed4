"""One quoter for each engine. The two of other engines run in environments of their own and import nothing of ours."""
