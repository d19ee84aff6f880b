"""The scripts of the command line; each imports what it needs when it runs, so that `fig -h` stays quick."""
