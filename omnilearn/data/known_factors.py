"""The factors of a data set by name, for keys that name them."""

from collections.abc import Mapping, Sequence

from omnilearn.data.dataset import Dataset
from omnilearn.errors import UserError, did_you_mean


def class_factors(dataset: Dataset, key: str) -> Mapping[str, Sequence[float | str]]:
    """The values of each factor of a data set by its name, in the order of their class indices.

    Raises `UserError` naming the key that needs them, where the factors are not known as classes.
    """
    if dataset.has_classes:
        if dataset.factor_names and dataset.factor_values:
            return dict(zip(dataset.factor_names, dataset.factor_values, strict=True))
        if dataset.grid is not None:
            return dict(zip(dataset.grid.names, dataset.grid.values, strict=True))
    real = [name for name, size in zip(dataset.factor_names, dataset.factor_sizes, strict=False) if size == 0]
    if real:
        classes = [name for name in dataset.factor_names if name not in real]
        advice = f": take the others with --dataset.factors '[{', '.join(classes)}]'" if classes else ""
        what = f"{', '.join(real)} of {dataset.config} {'is a real number' if len(real) == 1 else 'are real numbers'}"
        raise UserError(f"{key}: needs factors with classes, and {what}{advice}")
    raise UserError(f"{key}: {dataset.config} has no factors with classes: take d/shapes, for example")


def factor_position(name: object, dataset: Dataset, key: str) -> int:
    """Which factor of a data set has a name; dashes and underscores are the same in it.

    Raises `UserError` naming the key, with the names that look like it, where none has.
    """
    names = list(class_factors(dataset, key))
    plain = [_plain(known) for known in names]
    if _plain(str(name)) in plain:
        return plain.index(_plain(str(name)))
    hint = did_you_mean(_plain(str(name)), names) or f"; there is {', '.join(names)}"
    raise UserError(f"{key}: {dataset.config} has no factor '{name}'{hint}")


def _plain(name: str) -> str:
    return name.replace("-", "_")
