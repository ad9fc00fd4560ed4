"""The page of `perpconsole serve`: the terminal of textual-serve in it, nothing from anywhere but this server."""

from __future__ import annotations

import html
from string import Template

# `self` is this server under the address that the browser used; the terminal writes styles of its own into the page.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_PAGE = Template(
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>perpconsole, read-only</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="static/css/xterm.css">
<script src="static/js/textual.js"></script>
<style>
@font-face { font-family: "Roboto Mono"; src: url("static/fonts/RobotoMono-VariableFont_wght.ttf"); }
html, body { margin: 0; height: 100%; background: #0c1016; color: #d3dae3; font: 16px "Roboto Mono", monospace; }
.textual-terminal { height: 100%; }
.closed-dialog { display: none; position: fixed; z-index: 10; bottom: 0; left: 0; right: 0; padding: 12px;
  background: #121922; text-align: center; }
body.-closed .closed-dialog { display: block; }
button { font: inherit; margin-left: 16px; }
</style>
</head>
<body>
<div class="closed-dialog">This view has ended; the core goes on.
<button onclick="location.reload()">Again</button></div>
<div id="terminal" class="textual-terminal" data-session-websocket-url="$socket" data-font-size="$size"></div>
</body>
</html>
"""
)


def page(socket_url: str, font_size: int) -> str:
    """The page whose terminal speaks to `socket_url`."""
    return _PAGE.substitute(socket=html.escape(socket_url, quote=True), size=font_size)
