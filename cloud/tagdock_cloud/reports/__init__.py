"""Reports: what sites and persons are judged by, by day, week or month, kept, read as JSON, CSV or PDF, and mailed."""
