"""Items: where each is, what passed, and what is in stock."""
