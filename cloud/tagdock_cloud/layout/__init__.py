"""The floor: doors, bins, aisles and distances of a site, imported and exported whole."""
