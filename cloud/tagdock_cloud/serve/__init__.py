"""The programs that run for long: the HTTP server and the supervisor of them all."""
