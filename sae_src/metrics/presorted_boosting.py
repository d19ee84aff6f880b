"""Gradient boosted trees as scikit-learn's `GradientBoostingClassifier` builds them by default, several times as fast.

100 stages of regression trees of depth 3 with the exact best splits, a learning rate of 0.1 and all points in every
tree (Friedman, "Greedy function approximation: a gradient boosting machine", 2001). scikit-learn sorts the codes anew
in every node of every tree; here they are sorted once, and each node gets its points in order from the node above it.

Among equally good splits, of which there are many in small nodes, chance decides, or the last bit of a sum. Both do as
in scikit-learn 1.9: codes are looked at in a random order, and numbers are summed up in the same order. So results
differ from scikit-learn's as those of two of its random states do (docs/fidelity.md).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logit

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


class _Node(NamedTuple):
    """The points of a node: in the order in which they are summed up (n,), sorted by each code (D, n), and the codes in
    that order (D, n)."""

    members: np.ndarray
    order: np.ndarray
    values: np.ndarray


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
            gradients = _gradients(truth, scores)
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
        nodes = {0: _Node(np.arange(num_points), order, values)}
        for number in range(_INNER):
            node = nodes.pop(number)
            left, right = 2 * number + 1, 2 * number + 2
            codes = self._generator.permutation(num_codes)
            split = _best_split(gradient, node, codes)
            if split is None:
                nodes[left], nodes[right] = node, _Node(node.members[:0], node.order[:, :0], node.values[:, :0])
                continue
            feature, last, explained = split
            features[number], gain[feature] = feature, gain[feature] + explained / num_points
            thresholds[number] = _between(*node.values[feature, last : last + 2])
            is_left = np.zeros(num_points, dtype=bool)
            is_left[node.order[feature, : last + 1]] = True
            parts = _parted(node.order[codes[-1]], is_left)
            # The order by each code does not matter in a leaf.
            by_code, sorted_values = node.order, node.values
            if left >= _INNER:
                by_code, sorted_values = by_code[:0], sorted_values[:0]
            chosen = is_left.take(by_code)
            for child, own, taken in zip((left, right), parts, (chosen, ~chosen), strict=True):
                where, shape = np.flatnonzero(taken), (len(by_code), len(own))
                nodes[child] = _Node(own, by_code.take(where).reshape(shape), sorted_values.take(where).reshape(shape))
        means = np.zeros((2, _INNER + 1))
        for leaf in range(_INNER + 1):
            members = np.sort(nodes[_INNER + leaf].members)
            if len(members) == 0:
                continue
            leaf_of[members] = leaf
            chance = probability[members]
            means[:, leaf] = _mean(gradient[members]), _mean(chance * (1 - chance))
        steps = means[0] * (1 if self.n_classes_ == 2 else (self.n_classes_ - 1) / self.n_classes_)
        leaves = np.divide(steps, means[1], out=np.zeros_like(steps), where=np.abs(means[1]) >= 1e-150)
        return Tree(features, thresholds, LEARNING_RATE * leaves), leaf_of, gain


def _best_split(gradient: np.ndarray, node: _Node, codes: np.ndarray) -> tuple[int, int, float] | None:
    """The code to split a node by, the last point on the left, and how much of the sum of squares that explains.

    `gradient` (N,) is that of all points; `codes` (D,) are in the order in which they are looked at: of equally good
    ones the first is taken.
    """
    num_points = len(node.members)
    if num_points < 2:
        return None
    own = gradient.take(node.members)
    if _mean(np.square(own - _mean(own))) <= _SAME_GRADIENT:
        return None
    # In the steps of scikit-learn (the order of sums and the formula), so that rounding prefers the same side where
    # splits by two codes part the same points.
    total = own.cumsum()[-1]
    left = gradient.take(node.order).cumsum(axis=1)[:, :-1]
    right = total - left
    on_left = np.arange(1.0, num_points)
    right *= right
    right /= num_points - on_left
    squares = np.square(left, out=left)
    squares /= on_left
    squares += right
    squares[node.values[:, 1:] <= node.values[:, :-1] + _SAME_VALUE] = -np.inf
    last = squares.argmax(axis=1)
    best = squares[np.arange(len(last)), last]
    feature = int(codes[best[codes].argmax()])
    if not np.isfinite(best[feature]):
        return None
    return feature, int(last[feature]), max(float(best[feature] - total * total / num_points), 0.0)


def _mean(values: np.ndarray) -> np.float64:
    """The mean of values (n,), in the bits of `numpy.mean`, which takes several times as long for a few."""
    total: np.float64 = np.add.reduce(values)
    return total / len(values)


def _parted(members: np.ndarray, is_left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Members (n,) of a node that go to the left and to the right, in the orders that scikit-learn leaves them in.

    It goes through them from the front, and changes each that belongs to the right with the last one not looked at.
    Sums over a child take this order, and their last bits decide between splits that are equally good.
    """
    goes_left = is_left.take(members)
    count = int(goes_left.sum())
    left, right = members[:count].copy(), np.empty_like(members[count:])
    from_end, stays = members[count:][::-1], ~goes_left[count:][::-1]
    misplaced = np.flatnonzero(~goes_left[: count + 1])
    left[misplaced[misplaced < count]] = from_end[~stays]
    follows = np.zeros(len(right), dtype=bool)
    follows[1:] = stays[:-1]
    right[follows] = from_end[:-1][stays[:-1]]
    right[~follows] = members[misplaced]
    return left, right[::-1]


def _starting_point(shares: np.ndarray) -> np.ndarray:
    """The scores before the first stage: the logit of the second class, or the centred logarithms of the shares."""
    if len(shares) == 2:
        return logit(shares[1:])
    return np.log(shares / np.exp(np.log(shares).mean()))


def _shown_classes(count: int) -> np.ndarray:
    """The classes that have a score of their own: of two, only the second."""
    return np.array([1]) if count == 2 else np.arange(count)


def _gradients(truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How the logarithm of the likelihood changes with scores (N, K): `truth` (N, K) less the probabilities.

    Those are the logistic function of a single column, else the softmax over the columns.
    """
    if scores.shape[1] == 1:
        exponentials = np.exp(-scores)
        return np.where(truth == 1, exponentials, -1) / (1 + exponentials)
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    total = exponentials[:, 0].copy()
    for column in exponentials.T[1:]:  # one after the other: numpy would pair them
        total += column
    return truth - exponentials / total[:, None]


def _between(low: np.float32, high: np.float32) -> float:
    """The middle of two neighbouring values; the lower one where rounding would put it on the higher."""
    middle = float(low) / 2 + float(high) / 2
    return float(low) if middle == float(high) else middle
