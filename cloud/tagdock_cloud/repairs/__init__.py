"""Work orders: what is faulty, who repairs it, which parts went out and in, how it ended."""
