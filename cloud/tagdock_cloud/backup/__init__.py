"""Backups: everything in one file, and back again into any flavour of database."""
