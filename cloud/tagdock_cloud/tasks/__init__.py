"""What people on the floor do: opened by transitions and plans, dealt out, done by scan, by a read or by a word."""
