"""Where requests go: the paper venue with its own ledger file, and the live venues."""
