"""Readers, sensors and warehouses to test Tagdock without hardware, and the demo."""
