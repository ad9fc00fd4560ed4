"""One pane a file: a pure function of a View and a size, drawn by widgets.pane.Pane."""
