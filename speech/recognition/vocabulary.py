"""The words of a model, read from its files: for a model that is loaded elsewhere."""

import struct
from pathlib import Path

from core.errors import AuthorError, Place, problem
from speech.models.layout import layout

_SYMBOL_TABLE = struct.pack("<i", 2125658996)
"""Beginning of a symbol table in OpenFst's files (symbol-table.cc, kSymbolTableMagicNumber)."""
_SEARCHED = 1 << 16
"""Bytes from the file's beginning among which the table begins: it follows the header."""


def read_vocabulary(path: Path) -> frozenset[str]:
    """Return the words of a model's folder, or of a list of words (``words.txt``).

    Raises AuthorError where there are none.
    """
    graph = layout(path).graph
    files = [path] if path.is_file() else [graph / "words.txt", graph / "Gr.fst"]
    try:
        for file in files:
            if file.exists():
                return _table(file) if file.suffix == ".fst" else _list(file)
    except (OSError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise AuthorError(
            problem("speech-no-vocabulary", Place(str(path)), detail=error)
        ) from error
    raise AuthorError(problem("speech-no-vocabulary", Place(str(path)), detail="graph/words.txt"))


def _list(file: Path) -> frozenset[str]:
    """Read Kaldi's list: a word and its number a line."""
    lines = file.read_text("utf-8").splitlines()
    return frozenset(line.split()[0] for line in lines if line.strip())


def _table(file: Path) -> frozenset[str]:
    """Read the symbol table inside a transducer: strings with their lengths, then numbers."""
    content = file.read_bytes()
    place = content.find(_SYMBOL_TABLE, 0, _SEARCHED)
    if place < 0:
        raise ValueError("no words in it")
    (length,) = struct.unpack_from("<i", content, place + 4)
    place += 8 + length
    _, count = struct.unpack_from("<qq", content, place)
    place += 16
    words = []
    for _ in range(count):
        (length,) = struct.unpack_from("<i", content, place)
        words.append(content[place + 4 : place + 4 + length].decode())
        place += 4 + length + 8
    return frozenset(words)
