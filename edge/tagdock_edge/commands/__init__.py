"""The commands, one module each; the program's table in `cli` names them."""
