"""The importances of our boosted trees against scikit-learn's, beside how far apart those of two random states are.

python -m benchmarks.boosted_trees [--points 1000] [--seeds 16]

Three problems with entangled codes. The distance of two classifiers is the largest difference of an importance. p is
that of a permutation test: how often random halves of all classifiers are as far from each other (energy distance) as
ours are from scikit-learn's; small where there is a difference that seeds do not explain.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

from sae_src.metrics.presorted_boosting import PresortedBoostingClassifier

PROBLEMS = ((2, 1.0), (3, 2.0), (4, 0.3))
"""Classes, and the standard deviation of the noise."""
TRAINERS: dict[str, Callable[[int], GradientBoostingClassifier | PresortedBoostingClassifier]] = {
    "scikit-learn": lambda seed: GradientBoostingClassifier(random_state=seed),
    "ours": PresortedBoostingClassifier,
}


def entangled(count: int, classes: int, noise: float, codes: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N, D) that all know a little of labels (N,) and of other things."""
    random = np.random.default_rng(classes)
    labels = random.integers(classes, size=count)
    others = random.integers(5, size=(count, 3))
    mixed = np.column_stack([labels, others]) @ random.normal(size=(4, codes))
    return (mixed + noise * random.normal(size=(count, codes))).astype(np.float32), labels


def energy(apart: np.ndarray, is_first: np.ndarray) -> float:
    """The energy distance of two groups from the distances (n, n) of all their members."""
    first, second = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    within = [apart[np.ix_(group, group)].sum() / (len(group) * (len(group) - 1)) for group in (first, second)]
    return float(2 * apart[np.ix_(first, second)].mean() - sum(within))


def compare(points: int, seeds: int, classes: int, noise: float) -> list[str]:
    """A row of the table."""
    codes, labels = entangled(points, classes, noise)
    seconds, importances = [], []
    for trainer in TRAINERS.values():
        start = time.process_time()
        importances += [trainer(seed).fit(codes, labels).feature_importances_ for seed in range(seeds)]
        seconds.append((time.process_time() - start) / seeds)
    apart = np.abs(np.array(importances)[:, None] - np.array(importances)).max(axis=2)
    theirs, across = apart[:seeds, :seeds][np.triu_indices(seeds, 1)], apart[:seeds, seeds:]
    is_theirs = np.arange(2 * seeds) < seeds
    random = np.random.default_rng(0)
    by_chance = [energy(apart, random.permutation(is_theirs)) for _ in range(1000)]
    probability = np.mean(np.array(by_chance) >= energy(apart, is_theirs))
    spreads = [f"{np.median(each):.5f} ({each.max():.5f})" for each in (theirs, across)]
    return [str(classes), *spreads, f"{probability:.2f}", *(f"{each:.2f}" for each in seconds)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=16)
    arguments = parser.parse_args()
    print("| classes | scikit-learn's own seeds: median (most) | ours to scikit-learn's | p | its CPU s | our CPU s |")
    print("|---|---|---|---|---|---|")
    for classes, noise in PROBLEMS:
        print(f"| {' | '.join(compare(arguments.points, arguments.seeds, classes, noise))} |", flush=True)


if __name__ == "__main__":
    main()
