"""The packages that only the page needs."""

from importlib.util import find_spec

from omnilearn.errors import UserError

PACKAGES = ("jinja2", "plotly")


def require_packages() -> None:
    """Raises `UserError` where a package of the extra `report` is missing."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise UserError(f"report needs {' and '.join(missing)}: pip install {' '.join(missing)}")
