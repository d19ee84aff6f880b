"""Datasets, their subsets, and the order of batches."""

from omnilearn.data.batches import BatchSampler
from omnilearn.data.dataset import Dataset
from omnilearn.data.loading import Data, Loading
from omnilearn.data.splits import Subset, split

__all__ = ["BatchSampler", "Data", "Dataset", "Loading", "Subset", "split"]
