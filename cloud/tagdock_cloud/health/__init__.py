"""Is it alive: the process, its database, the gateways and what they could not deliver."""
