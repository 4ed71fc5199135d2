"""The life of an item beyond its place: returns, inspections, repairs, as a table of states and transitions."""
