"""Tests of the whole project, which run in several processes: each of them multiplies matrices on one thread."""

import os

# Before numpy is imported: threads that wait for each other on cores that others keep busy take many times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
