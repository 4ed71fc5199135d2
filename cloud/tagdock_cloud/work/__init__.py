"""The program that does due work: duties, each in a transaction of its own, shared by any number of workers."""
