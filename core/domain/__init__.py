"""Ground: the words every layer shares. Knows only `core.kernel`; holds no behaviour that reads clocks or does I/O."""
