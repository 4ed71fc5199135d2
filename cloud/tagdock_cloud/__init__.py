"""Tagdock's service: ingest, store, API and console."""
