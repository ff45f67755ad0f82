"""The changeable part of an abstract run: cells, with a journal so that branches can be tried and joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from lossaudit.readers.source.values import Value

Key: TypeAlias = tuple[int, str]


@dataclass(slots=True)
class Store:
    """Cells by owner and name. `None` in a journal stands for a cell that was not there."""

    cells: dict[Key, Value] = field(default_factory=dict)
    names: dict[int, dict[str, None]] = field(default_factory=dict)
    _journal: list[tuple[Key, Value | None]] = field(default_factory=list)
    _last: int = 0

    def new(self) -> int:
        """An owner without cells."""
        self._last += 1
        return self._last

    def get(self, owner: int, name: str) -> Value | None:
        return self.cells.get((owner, name))

    def set(self, owner: int, name: str, value: Value) -> None:
        key = (owner, name)
        self._journal.append((key, self.cells.get(key)))
        self.cells[key] = value
        self.names.setdefault(owner, {})[name] = None

    def owned(self, owner: int) -> dict[str, Value]:
        """All cells of an owner, in the order in which they were first written."""
        names = self.names.get(owner, {})
        return {name: self.cells[owner, name] for name in names if (owner, name) in self.cells}

    def mark(self) -> int:
        return len(self._journal)

    def keep(self) -> None:
        """What was written so far is not taken back."""
        del self._journal[:]

    def undo(self, mark: int) -> dict[Key, Value]:
        """Take back all writes since the mark, and return what they had made of the cells."""
        made: dict[Key, Value] = {}
        for key, old in reversed(self._journal[mark:]):
            made.setdefault(key, self.cells[key])
            if old is None:
                del self.cells[key]
                names = self.names[key[0]]
                del names[key[1]]
                if not names:
                    del self.names[key[0]]
            else:
                self.cells[key] = old
        del self._journal[mark:]
        return made
