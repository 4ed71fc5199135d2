"""Bin sensors -> readings, pure: messages of a broker and the time in, readings and answers out."""
