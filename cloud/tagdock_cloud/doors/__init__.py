"""Sites and their doors: what passed today, and what passed last."""
