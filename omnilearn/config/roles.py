"""Two configs for one role in an experiment, such as two methods: refused, because the mixture is neither of them."""

from collections.abc import Mapping, Sequence

from omnilearn.config.config_files import ROLES, ConfigFile, ancestors, word_of
from omnilearn.errors import ConfigError


def check_roles(words: Sequence[str], files: Mapping[str, ConfigFile]) -> None:
    """Raise `ConfigError` where two configs fill one role and neither they nor a third of that role build on both.

    Args:
        words: the configs that were named.
        files: they and all that they build on, by name, the strongest first.
    """
    for role in ROLES:
        fillers = [name for name, file in files.items() if role in file.roles]
        built_on = {base for name in fillers for base in ancestors(name, files)}
        rivals = [name for name in fillers if name not in built_on]
        if len(rivals) > 1:
            one, other = (_introduced(name, word_of(name, words, files), files) for name in rivals[:2])
            raise ConfigError(f"two configs for the {role}: {one} and {other}; leave one out")


def _introduced(name: str, word: str, files: Mapping[str, ConfigFile]) -> str:
    """A config by its name and, where another one brought it along, by that one and all that it stands for."""
    return name if name == word else f"{name} ({word} stands for {' '.join(files[word].bases)})"
