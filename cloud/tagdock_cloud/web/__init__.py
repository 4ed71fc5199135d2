"""What every room of the HTTP interface shares: problems, pages, replies, limits, names."""
