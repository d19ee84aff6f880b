"""The configuration layer: plain typed classes, composed by YAML files through omnifig."""

from omnilearn.config.build import Node, build, call, find, read
from omnilearn.config.manager import install
from omnilearn.config.registry import Builder, component, modifier, script
from omnilearn.config.unknown_keys import reject_unknown_keys
from omnilearn.config.yaml_text import dump_yaml, load_yaml

__all__ = [
    "Builder",
    "Node",
    "build",
    "call",
    "component",
    "dump_yaml",
    "find",
    "install",
    "load_yaml",
    "modifier",
    "read",
    "reject_unknown_keys",
    "script",
]
