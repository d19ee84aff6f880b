"""The types of omnifig in `typings/`: what they name is there, with the parameters that they give it."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import omnilearn

TYPES = Path(omnilearn.__file__).parents[1] / "typings"
FILES = {"omnifig": TYPES / "omnifig" / "__init__.pyi", "omnifig.config": TYPES / "omnifig" / "config.pyi"}


def definitions(body, owner):
    """Every function of a stub's body, with what has the same name in `owner`."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from definitions(node.body, getattr(owner, node.name))
        elif isinstance(node, ast.FunctionDef):
            yield f"{owner.__name__}.{node.name}", node.args, getattr(owner, node.name)


@pytest.mark.parametrize("module", FILES)
def test_what_the_types_name_is_there(module):
    found = list(definitions(ast.parse(FILES[module].read_text()).body, importlib.import_module(module)))
    assert len(found) > 10
    for name, arguments, item in found:
        if isinstance(item, property):
            continue
        parameters = inspect.signature(item).parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        for argument in arguments.args[1:] + arguments.kwonlyargs:
            assert takes_any or argument.arg in parameters, f"{name} has no parameter {argument.arg}"
