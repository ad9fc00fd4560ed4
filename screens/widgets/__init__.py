"""Own widgets of the console: lines of styled spans, frames, tables, charts."""
