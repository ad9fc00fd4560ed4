"""The simulated exchange: one matching engine for paper, backtest and the loopback server."""
