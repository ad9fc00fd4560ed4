"""The trading core: headless, deterministic, and no part of it knows a screen."""
