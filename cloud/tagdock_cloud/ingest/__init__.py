"""Ingest: what gateways report is committed to the record first and acknowledged then."""
