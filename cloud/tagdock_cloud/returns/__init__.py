"""Cases of returns: applied for, recognised at the door, inspected, decided, told, archived."""
