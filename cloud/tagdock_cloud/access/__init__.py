"""Who may come in: people and programs by tokens with a role, gateways by their secret."""
