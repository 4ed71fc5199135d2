"""The console: pages for the floor, the planner and whoever keeps it running."""
