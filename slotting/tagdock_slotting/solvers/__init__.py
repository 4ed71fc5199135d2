"""Ways to find a layout; the only folder that knows OR-Tools."""
