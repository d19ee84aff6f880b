"""What tests of figures share: the fonts in a PDF."""

import re
import zlib


def font_kinds(content: bytes) -> set[str]:
    """The kinds of the fonts that a PDF holds, such as Type3 or CIDFontType2 (TrueType)."""
    streams = re.findall(rb"FlateDecode[^>]*>>\s*stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    readable = content + b"".join(zlib.decompress(part) for part in streams if part[:1] == b"x")
    return {kind.decode() for kind in re.findall(rb"/(Type3|Type1|TrueType|CIDFontType0|CIDFontType2)\b", readable)}
