"""A hook of mkdocs: pages of the site for the README and for every file that a document links to outside docs/."""

import os
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
# Pages made of documents outside docs/, by the document.
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
LINK = re.compile(r"(?<=\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
FENCE = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)
HIDDEN = "---\nsearch: {exclude: true}\n---\n\n"
LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".md": "markdown", ".cff": "yaml"}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages: those of `PAGES`, and one for each source that any document names as the target of a link."""
    documents = {page: ROOT / name for name, page in PAGES.items()}
    documents |= {file.src_uri: Path(file.abs_src_path) for file in files.documentation_pages()}
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    linked = {target for path in documents.values() for target in _targets(path)}
    for name in sorted(linked):
        place = _place(name)
        if place.startswith("source/"):
            files.append(File.generated(config, place, content=_source_page(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead the links of a page to where their targets are on the site."""
    origin = next((name for name, made in PAGES.items() if made == page.file.src_uri), f"docs/{page.file.src_uri}")
    if page.file.src_uri.startswith("source/"):
        return markdown

    def moved(match: re.Match[str]) -> str:
        target = _target(origin, match[1])
        if target is None:
            return match[0]
        return posixpath.relpath(_place(target), posixpath.dirname(page.file.src_uri) or ".") + match[2]

    parts = FENCE.split(markdown)  # every second one is a block of code
    return "".join(part if index % 2 else LINK.sub(moved, part) for index, part in enumerate(parts))


def _targets(document: Path) -> set[str]:
    """What a document links to in the repository, by paths from its root."""
    prose = FENCE.sub("", document.read_text(encoding="utf-8"))
    found = {_target(document.relative_to(ROOT).as_posix(), link[0]) for link in LINK.findall(prose)}
    return {target for target in found if target is not None}


def _target(origin: str, link: str) -> str | None:
    """The path from the root of what a link of a document leads to; None for what is not in the repository."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))
    return path if "://" not in link and not path.startswith("..") and (ROOT / path).exists() else None


def _place(name: str) -> str:
    """Where the site has a file of the repository."""
    if name in PAGES:
        return PAGES[name]
    return name.removeprefix("docs/") if name.startswith("docs/") and not name.endswith(".py") else f"source/{name}.md"


def _source_page(path: Path) -> str:
    """A page that shows a file, or lists a folder."""
    title = f"{HIDDEN}# {path.relative_to(ROOT).as_posix()}\n\n"
    if path.is_dir():
        names = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(path) if entry.name[0] not in "._")
        return title + "".join(f"* `{name}`\n" for name in names)
    language = LANGUAGES.get(path.suffix, "text")
    return f"{title}~~~~~~{language}\n{path.read_text(encoding='utf-8')}\n~~~~~~\n"
