"""Tagdock's optimiser: measured flow to a better layout and the moves worth making."""
