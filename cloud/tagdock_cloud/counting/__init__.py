"""What dashboards read over long periods, counted ahead of them and away from ingest (decision 0117)."""
