"""The goods: SKUs, what they are and what a bin must offer them."""
