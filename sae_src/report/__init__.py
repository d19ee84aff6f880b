"""A page of many runs that opens from disk."""
