"""The drivers, one a file. Each turns what its readers say into the contract's reads and input changes."""
