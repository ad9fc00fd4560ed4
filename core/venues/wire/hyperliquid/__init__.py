"""Hyperliquid's wire in front of the loopback exchange: /info, /exchange with signatures, /ws. One dex, perpetuals."""
