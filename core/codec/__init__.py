"""Text, frames and recorded columns become integers here. The only Decimal; NaN, inf and off-grid values stop here."""
