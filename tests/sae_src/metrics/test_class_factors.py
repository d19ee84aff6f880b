"""Fits of small classifiers: on one thread whatever the caller has, which is as it was afterwards."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info, threadpool_limits

from sae_src.metrics.class_factors import small_fits


def threads() -> set[int]:
    """How many threads the libraries that multiply matrices use."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.mark.skipif(not threads(), reason="numpy's library of matrix products has no threads that can be set")
def test_they_have_one_thread():
    with threadpool_limits(2, user_api="blas"):
        with small_fits():
            assert threads() == {1}
        assert threads() == {2}


def test_they_are_quiet():
    codes, labels = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 20
    with small_fits():  # a warning is an error here
        LogisticRegression(max_iter=1).fit(codes, labels)
