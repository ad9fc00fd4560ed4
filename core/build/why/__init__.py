"""Why does it not trade: what the core knows now, as stages in the order of a wake, as a page."""
