"""Where market events come from: recordings, the synthetic market, (later) live feeds. One `Feed` an instrument."""
