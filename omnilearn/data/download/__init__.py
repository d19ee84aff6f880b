"""Getting the files of a data set: where they come from, how they are fetched, where they go."""
