"""SQLite as a projection of the journal: for queries, reports and audit. It may lag, be locked or be rebuilt; it never
holds up an order."""
