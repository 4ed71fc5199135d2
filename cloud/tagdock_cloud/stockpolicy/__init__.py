"""Stock policy: what moves how fast, what is expected to be asked for, what is to be ordered, what is to be counted."""
