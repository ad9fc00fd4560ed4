"""PAIR_LOCK: the decision side of the cross-venue pair of S1; it wishes, `execution/pair_saga` acts."""
