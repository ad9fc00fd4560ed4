"""Dialogs: nothing that costs money happens without one (except EMERGENCY, which only cancels)."""
