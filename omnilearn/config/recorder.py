"""What a config remembers of its making and of its use: the keys that were given, and the keys that were asked for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from omnilearn.config.nodes import Node, address_of


class Recorder(Node.Reporter):
    """Stands in for omnifig's reporter, which prints every value that is read.

    Attributes:
        given: the dotted keys that whoever made the config gave beside its files.
        named: for the name of each file that the config was asked for, the dotted keys of its that hold.
        chosen: the dotted keys that were given or that files set, apart from files in common, such as a/_base.
        spelled: for the dotted keys of a command line, their values as typed; None for one without a value.
        declared: for the address of whatever takes a key, and the key's name, the annotation of the parameter.
        sections: those of them that are taken at that place alone, not from further up.
    """

    def __init__(
        self,
        given: Sequence[str] = (),
        named: Mapping[str, Sequence[str]] | None = None,
        chosen: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.given = tuple(given)
        self.named = {name: tuple(keys) for name, keys in (named or {}).items()}
        self.chosen = frozenset(chosen)
        self.spelled: dict[str, str | None] = {}
        self.declared: dict[tuple[str, str], Any] = {}
        self.sections: set[tuple[str, str]] = set()

    def note_spelled(self, keys: Mapping[str, str | None]) -> None:
        """Note the keys of a command line with their values as typed."""
        self.spelled = {key.replace("-", "_"): text for key, text in keys.items()}

    def declare(self, node: Node, types: Mapping[str, Any], *, inherit: bool = True) -> None:
        """Note that what is read at `node` takes keys of these types; a section that does not `inherit` only there."""
        self.declare_at(address_of(node), types, inherit=inherit)

    def declare_at(self, address: str, types: Mapping[str, Any], *, inherit: bool = True) -> None:
        """As `declare`, for the address of a node that need not be there."""
        if not inherit:
            self.sections.update((address, name) for name in types)
        self.declared.update({(address, name): kind for name, kind in types.items()})

    @staticmethod
    def log(*msg: str, end: str = "\n", sep: str = " ", silent: bool | None = None) -> str:
        """Print nothing."""
        return sep.join(map(str, msg)) + end


def recorder_of(node: Node) -> Recorder:
    """The recorder of the config that a node belongs to."""
    recorder = node.reporter
    assert isinstance(recorder, Recorder)  # the manager gives one to every config that it makes
    return recorder


def keys_given(config: Node) -> tuple[str, ...]:
    """The dotted keys that whoever made a config gave beside its files: those of the command line, or of Python."""
    return recorder_of(config).given
