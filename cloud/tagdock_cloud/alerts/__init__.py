"""Alerts: rules as data, what they found, and who has seen it."""
