"""Binance USD-M futures' wire in front of the loopback exchange: signed REST, streams, order socket."""
