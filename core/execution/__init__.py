"""From what a strategy wants to requests, and from reports to positions; emergency stop and reconcile. No I/O."""
