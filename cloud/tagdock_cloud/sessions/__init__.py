"""Door sessions: goods expected against goods seen, while the truck stands there."""
