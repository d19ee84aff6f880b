"""Datasets, their parts, and the order of batches."""

from omnilearn.data.dataset import Dataset
from omnilearn.data.splits import BatchOrder, Part, split

__all__ = ["BatchOrder", "Dataset", "Part", "split"]
