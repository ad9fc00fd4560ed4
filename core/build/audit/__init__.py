"""A journal as an operator walks through it: its index, the engine replayed to a step, the process that does both."""
