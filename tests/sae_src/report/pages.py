"""What tests read out of a page."""

import json
import re
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """The elements of a page: how many of each kind there are, and what the elements with an id hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._id: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes.append((tag, found))
        self._id = found.get("id") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._id is not None:
            self.texts[self._id] = self.texts.get(self._id, "") + data

    def count(self, tag: str) -> int:
        """How many elements of a kind there are."""
        return sum(name == tag for name, _ in self.attributes)

    def data(self, name: str) -> Any:
        """The data of a script element."""
        return json.loads(self.texts[name])


def without_time(text: str) -> str:
    """A page without the line that says when it was written."""
    return re.sub(r"Written [\d: -]+", "", text)
