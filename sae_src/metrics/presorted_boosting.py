"""Gradient boosted trees as scikit-learn's `GradientBoostingClassifier` builds them by default, several times as fast.

100 stages of regression trees of depth 3 with the exact best splits, a learning rate of 0.1 and all points in every
tree (Friedman, "Greedy function approximation: a gradient boosting machine", 2001). scikit-learn sorts the codes anew
in every node of every tree; here they are sorted once, and each node gets its points in order from the node above it.

The differences to scikit-learn are of the kind that its own random states make: among equally good splits, of which
there are many in small nodes, chance or the last bit of a sum decides.
"""

from typing import NamedTuple

import numpy as np

STAGES, DEPTH, LEARNING_RATE = 100, 3, 0.1
_INNER = 2**DEPTH - 1
# As in scikit-learn: values closer than this are never parted, and gradients as equal as this are not worth it.
_SAME_VALUE, _SAME_GRADIENT = np.float32(1e-7), np.finfo(np.float64).eps


class Tree(NamedTuple):
    """A tree of depth 3 as a heap: node i has the children 2 i + 1 and 2 i + 2, the leaves come last.

    Attributes:
        features: which code each inner node looks at (7,).
        thresholds: the largest value that goes to the left (7,); infinite where a node was not split.
        leaves: what each leaf adds (8,).
    """

    features: np.ndarray
    thresholds: np.ndarray
    leaves: np.ndarray


class PresortedBoostingClassifier:
    """A classifier of points by their codes.

    Args:
        random_state: seed of the choice among equally good splits.

    Attributes:
        n_classes_: number of classes.
        n_features_in_: number of codes D.
        feature_importances_: the share (D,) of each code in what all splits explain; 0 where there are none.
    """

    def __init__(self, random_state: int = 0) -> None:
        self._generator = np.random.default_rng(random_state)
        self._stages: list[list[Tree]] = []

    def fit(self, codes: np.ndarray, labels: np.ndarray) -> "PresortedBoostingClassifier":
        """Train on codes (N, D) and labels (N,) from 0 to the number of classes, each at least once."""
        counts = np.bincount(labels)
        self.n_classes_, self.n_features_in_ = len(counts), codes.shape[1]
        self._prior = _starting_point(counts / len(labels))
        columns = np.ascontiguousarray(codes.T, dtype=np.float32)
        order = np.argsort(columns, axis=1, kind="stable").astype(np.int32)
        sorted_columns = np.take_along_axis(columns, order, axis=1)
        truth = (labels[:, None] == _shown_classes(self.n_classes_)).astype(np.float64)
        scores = np.tile(self._prior, (len(labels), 1))
        total = np.zeros(self.n_features_in_)
        for _ in range(STAGES):
            gradients = truth - _probabilities(scores)
            stage = []
            for k in range(truth.shape[1]):
                gradient, probability = gradients[:, k], truth[:, k] - gradients[:, k]
                tree, leaf_of, gain = self._grow(gradient, probability, order, sorted_columns)
                scores[:, k] += tree.leaves[leaf_of]
                stage.append(tree)
                total += gain
            self._stages.append(stage)
        self.feature_importances_ = total / total.sum() if total.any() else total
        return self

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """The label of each of some codes (n, D)."""
        codes = np.asarray(codes, dtype=np.float32)
        scores = np.tile(self._prior, (len(codes), 1))
        rows = np.arange(len(codes))
        for stage in self._stages:
            for k, tree in enumerate(stage):
                node = np.zeros(len(codes), dtype=np.intp)
                for _ in range(DEPTH):
                    goes_right = codes[rows, tree.features[node]] > tree.thresholds[node]
                    node = 2 * node + 1 + goes_right
                scores[:, k] += tree.leaves[node - _INNER]
        return (scores[:, 0] > 0).astype(np.intp) if self.n_classes_ == 2 else scores.argmax(axis=1)

    def _grow(
        self, gradient: np.ndarray, probability: np.ndarray, order: np.ndarray, values: np.ndarray
    ) -> tuple[Tree, np.ndarray, np.ndarray]:
        """A tree for gradients (N,), the leaf of each point (N,), and what the splits on each code explain (D,).

        `order` (D, N) sorts the points by each code, `values` (D, N) are the codes in that order.
        """
        num_codes, num_points = order.shape
        features, thresholds = np.zeros(_INNER, dtype=np.intp), np.full(_INNER, np.inf)
        gain = np.zeros(num_codes)
        leaf_of = np.empty(num_points, dtype=np.intp)
        nodes = {0: (order, values)}
        for node in range(_INNER):
            points, sorted_values = nodes.pop(node)
            left, right = 2 * node + 1, 2 * node + 2
            split = self._best_split(gradient, points, sorted_values)
            if split is None:
                nodes[left], nodes[right] = (points, sorted_values), (points[:, :0], sorted_values[:, :0])
                continue
            feature, last, explained = split
            features[node], gain[feature] = feature, gain[feature] + explained / num_points
            thresholds[node] = _between(*sorted_values[feature, last : last + 2])
            is_left = np.zeros(num_points, dtype=bool)
            is_left[points[feature, : last + 1]] = True
            if left >= _INNER:  # the order in a leaf does not matter
                points, sorted_values = points[:1], sorted_values[:1]
            chosen = is_left.take(points)
            for child, taken in ((left, chosen), (right, ~chosen)):
                where = np.flatnonzero(taken)
                of_child = (part.take(where).reshape(len(points), -1) for part in (points, sorted_values))
                nodes[child] = next(of_child), next(of_child)
        sums = np.zeros((2, _INNER + 1))
        for leaf in range(_INNER + 1):
            members = nodes[_INNER + leaf][0][0]
            leaf_of[members] = leaf
            spread = probability[members] * (1 - probability[members])
            sums[:, leaf] = gradient[members].sum(), spread.sum()
        steps = sums[0] * (1 if self.n_classes_ == 2 else (self.n_classes_ - 1) / self.n_classes_)
        leaves = np.divide(steps, sums[1], out=np.zeros_like(steps), where=np.abs(sums[1]) >= 1e-150)
        return Tree(features, thresholds, LEARNING_RATE * leaves), leaf_of, gain

    def _best_split(
        self, gradient: np.ndarray, points: np.ndarray, values: np.ndarray
    ) -> tuple[int, int, float] | None:
        """The code to split by, the last point on the left, and how much of the sum of squares that explains.

        `gradient` (N,) is that of all points, `points` (D, n) are those of a node, sorted by each code, and `values`
        (D, n) their codes.
        """
        num_points = points.shape[1]
        if num_points < 2:
            return None
        own = gradient.take(points[0])
        mean = own.mean()
        if np.square(own - mean).mean() <= _SAME_GRADIENT:
            return None
        # In the steps of scikit-learn, so that rounding takes the same side between splits that part the same points.
        left = gradient.take(points).cumsum(axis=1)
        total, left = left[0, -1], left[:, :-1]
        on_left = np.arange(1.0, num_points)
        on_right = num_points - on_left
        explained = total - left
        explained *= on_left
        np.subtract(on_right * left, explained, out=explained)
        explained *= explained
        explained /= on_left * on_right
        explained[values[:, 1:] <= values[:, :-1] + _SAME_VALUE] = -np.inf
        last = explained.argmax(axis=1)
        best = explained[np.arange(len(last)), last]
        # Of equally good codes the first in a random order, as in scikit-learn.
        shuffled = self._generator.permutation(len(best))
        feature = int(shuffled[best[shuffled].argmax()])
        if not np.isfinite(best[feature]):
            return None
        return feature, int(last[feature]), float(best[feature]) / num_points


def _starting_point(shares: np.ndarray) -> np.ndarray:
    """The scores before the first stage: the logit of the second class, or the centred logarithms of the shares."""
    if len(shares) == 2:
        return np.log(shares[1:] / shares[0])
    logarithms = np.log(shares)
    return logarithms - logarithms.mean()


def _shown_classes(count: int) -> np.ndarray:
    """The classes that have a score of their own: of two, only the second."""
    return np.array([1]) if count == 2 else np.arange(count)


def _probabilities(scores: np.ndarray) -> np.ndarray:
    """Scores (N, K) as probabilities: of a single column by the logistic function, else over the columns."""
    if scores.shape[1] == 1:
        return 1 / (1 + np.exp(-scores))
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _between(low: np.float32, high: np.float32) -> float:
    """The middle of two neighbouring values; the lower one where rounding would put it on the higher."""
    middle = float(low) / 2 + float(high) / 2
    return float(low) if middle == float(high) else middle
