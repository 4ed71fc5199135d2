"""Corrections: what persons decide of passages, and what the cloud settles between gateways."""
