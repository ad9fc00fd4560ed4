"""The execution side of a cross-venue pair: two legs that end hedged or flat, as a table of state x event."""
