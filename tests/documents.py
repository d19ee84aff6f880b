"""What tests of documents share: the blocks of a page."""

import re
from pathlib import Path


def blocks(page: Path, language: str = "") -> list[str]:
    """The fenced blocks of a page in a language, or without one, in their order."""
    text = page.read_text(encoding="utf-8")
    return [code for kind, code in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if kind == language]
