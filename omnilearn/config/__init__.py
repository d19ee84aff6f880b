"""The configuration layer: plain typed classes, composed by YAML files through omnifig."""

from omnilearn.config.build import build, call, expect, read, read_key
from omnilearn.config.manager import install
from omnilearn.config.nodes import Node, find
from omnilearn.config.recorder import keys_given
from omnilearn.config.registry import Builder, component, components_in, modifier, script
from omnilearn.config.unknown_keys import reject_unknown_keys, reject_unused
from omnilearn.config.yaml_text import dump_yaml, load_yaml

__all__ = [
    "Builder",
    "Node",
    "build",
    "call",
    "component",
    "components_in",
    "dump_yaml",
    "expect",
    "find",
    "install",
    "keys_given",
    "load_yaml",
    "modifier",
    "read",
    "read_key",
    "reject_unknown_keys",
    "reject_unused",
    "script",
]
