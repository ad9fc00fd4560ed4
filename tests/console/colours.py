"""Colours as numbers: contrast, hue, what 16 colours leave of them, and what a colour-blind eye sees. Pure."""

from __future__ import annotations

import colorsys

from rich.color import Color, ColorSystem
from rich.style import Style

RGB = tuple[float, float, float]

# Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision Deficiency, IEEE TVCG
# 15(6), 2009, severity 1.0; on linear RGB
PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
PLAIN_SIGHT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def linear(color: Color) -> RGB:
    """sRGB (IEC 61966-2-1) to linear light, 0 .. 1."""
    red, green, blue = (part / 255 for part in color.get_truecolor())
    return _linear(red), _linear(green), _linear(blue)


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def luminance(rgb: RGB) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def contrast(a: Color, b: Color) -> float:
    """WCAG 2.1 contrast ratio, 1 .. 21."""
    low, high = sorted((luminance(linear(a)), luminance(linear(b))))
    return (high + 0.05) / (low + 0.05)


def seen(color: Color, eye: tuple[RGB, RGB, RGB]) -> RGB:
    """Linear RGB of `color` as this eye sees it."""
    rgb = linear(color)
    red, green, blue = (min(max(sum(k * part for k, part in zip(row, rgb)), 0.0), 1.0) for row in eye)
    return red, green, blue


def lab(rgb: RGB) -> RGB:
    """CIE L*a*b* (D65) of linear RGB."""
    x = (0.4124564 * rgb[0] + 0.3575761 * rgb[1] + 0.1804375 * rgb[2]) / 0.95047
    y = 0.2126729 * rgb[0] + 0.7151522 * rgb[1] + 0.0721750 * rgb[2]
    z = (0.0193339 * rgb[0] + 0.1191920 * rgb[1] + 0.9503041 * rgb[2]) / 1.08883
    f, g, h = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * g - 16, 500 * (f - g), 200 * (g - h)


def difference(a: Color, b: Color, eye: tuple[RGB, RGB, RGB]) -> float:
    """CIE76 colour difference as this eye sees it; 2.3 is just noticeable."""
    p, q = lab(seen(a, eye)), lab(seen(b, eye))
    return float(sum((i - j) ** 2 for i, j in zip(p, q)) ** 0.5)


def is_red(color: Color | None) -> bool:
    """A red that can be taken for an alarm."""
    if color is None or color.is_default:
        return False
    red, green, blue = (part / 255 for part in color.get_truecolor())
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return saturation > 0.4 and value > 0.3 and (hue < 15 / 360 or hue > 345 / 360)


def sixteen(color: Color | None) -> int | None:
    """Which of the 16 colours a terminal without more of them shows."""
    if color is None or color.is_default:
        return None
    number = color.downgrade(ColorSystem.STANDARD).number
    assert number is not None
    return number


def in_sixteen(style: Style) -> tuple[int | None, int | None, bool]:
    """(foreground, background, bold) in 16 colours."""
    return sixteen(style.color), sixteen(style.bgcolor), bool(style.bold)
