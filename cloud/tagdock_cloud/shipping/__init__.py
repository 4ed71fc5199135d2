"""Orders over several sites: who ships what, transfers, shipments, runs of vehicles of one's own."""
