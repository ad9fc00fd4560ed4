"""The one place where state changes: `Engine.process`, its journal and timers, and the drivers that feed it."""
