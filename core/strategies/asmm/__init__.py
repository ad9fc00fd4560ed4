"""ASMM: the market maker of S3 ("Round7"): a geometric ladder round an inventory-aware reservation price."""
