"""What omnifig calls to make the value of a node."""

from typing import Any

from omnilearn.config.build import call, read
from omnilearn.config.components import component_class
from omnilearn.config.nodes import Node, where
from omnilearn.errors import ConfigError, UserError, first_line


class TypedCreator(Node.DefaultCreator):
    """Builds components by filling the arguments of their constructors; omnifig parses `_type` and `_mod`."""

    def create_product(
        self,
        config: Node,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        *,
        silent: bool | None = None,
    ) -> Any:
        """Return the value of a node: the component that it names, or the plain data that it holds."""
        if self.component_type is None:
            return read(config)
        target = component_class(config.project, self.component_type, self.modifiers, where(config))
        try:
            return call(target, config, **(kwargs or {}))
        except UserError:
            raise
        # Sizes that are negative, or too large for the memory, come back from torch and numpy as various errors.
        except (ValueError, RuntimeError, MemoryError, ArithmeticError) as error:
            raise ConfigError(f"{where(config)}: {first_line(error)}") from error
        except (TypeError, AttributeError) as error:
            if not self.modifiers:
                raise
            raise ConfigError(f"{where(config)}: _mod does not fit {self.component_type}: {error}") from error
