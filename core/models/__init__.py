"""Pure formulas that more than one layer needs: fees, funding, margin, depth, slippage. No state, no I/O."""
