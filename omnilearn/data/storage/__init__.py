"""How pixels are stored: archives that are read once, and arrays that are mapped."""
