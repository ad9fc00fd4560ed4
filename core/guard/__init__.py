"""What lies on disk for safety: single-instance lock, halt latch, gate flag, holder look-up."""
