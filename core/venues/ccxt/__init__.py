"""Real exchanges through ccxt: connections, authentication and signing are its; numbers and verdicts are ours."""
