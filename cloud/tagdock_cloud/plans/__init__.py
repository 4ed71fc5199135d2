"""Plans: asked for by planners, worked out by slotting, approved into moves."""
