"""What all dashboards share: queries, variables, panels, looks. A dashboard is put together from these."""
