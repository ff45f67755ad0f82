"""Finished trials and comparisons in one SQLite file: nothing is trained twice, and nothing finished is lost.

The file holds JSON, numbers and the bytes of `.npz` files, no pickle. It is opened when it is first needed, and made
when something is first kept. The rollback journal is used, not the write-ahead log, which does not work on network
file systems and cannot be read in a read-only folder.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossaudit import document
from lossaudit.errors import UsageError

if TYPE_CHECKING:
    from lossaudit.comparison import Comparison
    from lossaudit.trials.trial import Outcome

DEFAULT = Path(".lossaudit", "trials.db")

_APPLICATION = 0x6C6F7373  # "loss": whose file it is
_LAYOUT = 1
_TABLES = (
    """CREATE TABLE trials (
        key TEXT PRIMARY KEY, loss TEXT NOT NULL, rate REAL, seed INTEGER NOT NULL, identity TEXT NOT NULL,
        curves TEXT NOT NULL, validation TEXT NOT NULL, diverged INTEGER, seconds REAL NOT NULL,
        sealed_bytes INTEGER NOT NULL, made TEXT NOT NULL, versions TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE sealed (
        key TEXT NOT NULL REFERENCES trials (key) ON DELETE CASCADE, part INTEGER NOT NULL, bytes BLOB NOT NULL,
        PRIMARY KEY (key, part)
    )""",
    "CREATE TABLE plans (key TEXT PRIMARY KEY, epochs INTEGER NOT NULL)",
    "CREATE TABLE comparisons (key TEXT PRIMARY KEY, title TEXT NOT NULL, made TEXT NOT NULL, json TEXT NOT NULL)",
)
_COLUMNS = "loss, rate, seed, curves, validation, diverged, seconds, sealed_bytes"
_PART = 2**28  # bytes: SQLite takes blobs of up to about 2**30
_OTHER = "; name another file"
_PATIENCE = 60.0  # seconds for which another process may write


@dataclass(frozen=True, slots=True)
class Kept:
    """A comparison in the store, as a list shows it.

    Attributes:
        key: Its first characters name it.
        title: What was compared on what.
        made: Date and time, ISO 8601.
    """

    key: str
    title: str
    made: str


class Store:
    """Finished trials and comparisons, by key.

    Several processes may use the same file at once; a trial that two of them finish is kept once.

    Args:
        path: Of the file; None: in memory.

    Every method raises a UsageError where the file cannot be used: it is no database, or somebody else's, or another
    version's, or it cannot be written.

    >>> from lossaudit.trials.trial import Outcome, Trial
    >>> store = Store()
    >>> store.keep("k", {}, Outcome(Trial("ce", 0.1, 0), {"score": (0.5, math.nan)}, {}, 1, 2.0, b"weights"))
    >>> store.outcome("k").curves["score"]
    (0.5, nan)
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    def outcome(self, key: str, *, sealed: bool = True) -> Outcome | None:
        """What came of a trial.

        Args:
            key: As `trial.key` makes it.
            sealed: Whether `Outcome.sealed` is needed; False: it is left empty.

        Returns:
            None if the trial is not finished, or if `sealed` is needed and was forgotten: then it has to be run again.
        """
        with self._reading() as connection:
            if connection is None:
                return None
            row = connection.execute(f"SELECT {_COLUMNS} FROM trials WHERE key = ?", (key,)).fetchone()
            parts = list[bytes]()
            if row is not None and sealed:
                found = connection.execute("SELECT bytes FROM sealed WHERE key = ? ORDER BY part", (key,))
                parts = [part for (part,) in found]
        if row is None:
            return None
        loss, rate, seed, curves, validation, diverged, seconds, size = row
        weights = b"".join(parts)
        if sealed and len(weights) != size:
            return None
        from lossaudit.trials.trial import Outcome, Trial

        return Outcome(
            trial=Trial(loss, _number(rate), seed),
            curves={name: tuple(map(float, values)) for name, values in json.loads(curves).items()},
            validation={name: float(value) for name, value in json.loads(validation).items()},
            diverged=diverged,
            seconds=_number(seconds),
            sealed=weights,
        )

    def keep(self, key: str, identity: Mapping[str, Any], outcome: Outcome) -> None:
        """Store a finished trial, whole or not at all. One that is there already, with its sealed part, stays as it is.

        Args:
            key: As `trial.key` makes it.
            identity: What the outcome depends on, as JSON.
            outcome: Of the trial.
        """
        trial = outcome.trial
        curves = {name: [_written(value) for value in values] for name, values in outcome.curves.items()}
        validation = {name: _written(value) for name, value in outcome.validation.items()}
        row = (key, trial.loss, trial.rate, trial.seed, _json(identity), _json(curves), _json(validation))
        row += (outcome.diverged, outcome.seconds, len(outcome.sealed), _now(), _json(identity.get("environment", {})))
        parts = [outcome.sealed[start : start + _PART] for start in range(0, len(outcome.sealed), _PART)]
        with self._writing() as connection:
            if self._whole(connection, key):
                return
            connection.execute("DELETE FROM trials WHERE key = ?", (key,))  # its sealed part was forgotten
            connection.execute(f"INSERT INTO trials VALUES ({', '.join('?' * len(row))})", row)
            connection.executemany(
                "INSERT INTO sealed VALUES (?, ?, ?)", [(key, number, part) for number, part in enumerate(parts)]
            )

    def forget_sealed(self, keys: Iterable[str]) -> None:
        """Give up the sealed parts (weights) of trials, which take the space; everything else of them stays.

        A later comparison that needs them runs the trial again.

        Args:
            keys: Of trials, such as those whose rate was not chosen.
        """
        wanted = [(key,) for key in keys]
        if wanted:
            with self._writing() as connection:
                connection.executemany("DELETE FROM sealed WHERE key = ?", wanted)

    def check_writable(self) -> None:
        """Make the file if there is none, and see that it can be written: before work begins that would be lost."""
        with self._writing() as connection:
            connection.execute(f"PRAGMA user_version = {_LAYOUT}")  # as it is; but it has to be written

    def comparisons(self) -> tuple[Kept, ...]:
        """All comparisons, newest first."""
        with self._reading() as connection:
            if connection is None:
                return ()
            rows = connection.execute("SELECT key, title, made FROM comparisons ORDER BY rowid DESC").fetchall()
        return tuple(Kept(*row) for row in rows)

    def comparison(self, prefix: str) -> Comparison:
        """A comparison, by the first characters of its key.

        Raises:
            UsageError: There is none, or there are several.
        """
        kept = self.comparisons()
        found = [each for each in kept if each.key.startswith(prefix)]
        if len(found) != 1:
            raise UsageError(self._not_one(prefix, found or kept, several=bool(found)))
        with self._reading() as connection:
            assert connection is not None
            [text] = connection.execute("SELECT json FROM comparisons WHERE key = ?", (found[0].key,)).fetchone()
        return document.comparison(text, self._name)

    def keep_comparison(self, comparison: Comparison) -> None:
        """Store a comparison, in place of an earlier one with the same key."""
        row = (comparison.key, comparison.title, comparison.made or _now(), document.dumps(comparison))
        with self._writing() as connection:
            connection.execute("DELETE FROM comparisons WHERE key = ?", row[:1])
            connection.execute("INSERT INTO comparisons VALUES (?, ?, ?, ?)", row)

    def planned(self, key: str) -> int | None:
        """How many epochs were planned for a comparison with a budget; None if nothing was."""
        with self._reading() as connection:
            if connection is None:
                return None
            row = connection.execute("SELECT epochs FROM plans WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def keep_planned(self, key: str, epochs: int) -> None:
        """Store how many epochs were planned, so that the comparison goes on with the same."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO plans VALUES (?, ?)", (key, epochs))

    def close(self) -> None:
        """Let go of the file. It is opened again when it is needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _not_one(self, prefix: str, shown: Sequence[Kept], *, several: bool) -> str:
        listed = ", ".join(f"{each.key[:8]} ({each.title})" for each in shown[:4]) + (", ..." if len(shown) > 4 else "")
        if several:
            return f"{len(shown)} comparisons begin with {prefix!r}: {listed}; give more characters"
        return f"no comparison begins with {prefix!r} in {self._name}; there is {listed or 'none'}"

    @staticmethod
    def _whole(connection: sqlite3.Connection, key: str) -> bool:
        """Whether a trial is there with all of its sealed part."""
        row = connection.execute(
            "SELECT sealed_bytes = (SELECT coalesce(sum(length(bytes)), 0) FROM sealed WHERE sealed.key = trials.key) "
            "FROM trials WHERE key = ?",
            (key,),
        ).fetchone()
        return row is not None and bool(row[0])

    @property
    def _name(self) -> str:
        return "memory" if self.path is None else str(self.path)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection in one reading transaction; None if nothing has been kept yet."""
        with self._told():
            connection = self._opened(make=False)
            if connection is None:
                yield None
                return
            with _transaction(connection, "BEGIN"):
                yield connection if self._ours(connection) else None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in one writing transaction: all of it is done, or nothing."""
        with self._told():
            connection = self._opened(make=True)
            assert connection is not None
            with _transaction(connection, "BEGIN IMMEDIATE"):
                if not self._ours(connection):
                    for table in _TABLES:
                        connection.execute(table)
                    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                    connection.execute(f"PRAGMA user_version = {_LAYOUT}")
                yield connection

    def _opened(self, *, make: bool) -> sqlite3.Connection | None:
        if self._connection is None:
            if self.path is not None and make:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            elif self.path is not None and not os.path.exists(self.path):
                return None
            name = ":memory:" if self.path is None else os.fspath(self.path)
            connection = sqlite3.connect(name, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA foreign_keys = ON")
            if make and (self.path is None or not self.path.stat().st_size):
                connection.execute("PRAGMA auto_vacuum = FULL")  # what is forgotten gives its space back
            self._connection = connection
        return self._connection

    def _ours(self, connection: sqlite3.Connection) -> bool:
        """Whether the tables are there; False for an empty file.

        Raises:
            UsageError: The file is another program's, or another version's.
        """
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if (application, layout) == (_APPLICATION, _LAYOUT):
            return True
        if application == _APPLICATION:
            age = "a newer" if layout > _LAYOUT else "an older"
            raise UsageError(f"{self._name} was written by {age} version of lossaudit, in another layout{_OTHER}")
        if application or layout or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise UsageError(f"{self._name} is a database of another program{_OTHER}")
        return False

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite or the file system refuses, in one line."""
        try:
            yield
        except sqlite3.Error as error:
            raise UsageError(f"{self._name} {self._words(error)}") from error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"{self._name} cannot be made: {reason}{_OTHER}") from error

    def _words(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extension
        if self.path is not None and self.path.is_dir():
            return "is a directory; name a file in it"
        words = {
            sqlite3.SQLITE_NOTADB: f"is not a file of lossaudit's{_OTHER}",
            sqlite3.SQLITE_CORRUPT: "is damaged; move it away to begin anew, or put a copy of it back",
            sqlite3.SQLITE_BUSY: f"has been locked by another process for {_PATIENCE:.0f} s; try again when that ends",
            sqlite3.SQLITE_READONLY: f"cannot be written: it or its folder is read-only{_OTHER}",
            sqlite3.SQLITE_CANTOPEN: f"cannot be opened: it or its folder is not readable and writable{_OTHER}",
            sqlite3.SQLITE_FULL: "cannot grow: the disk is full; make room and run it again; finished trials stay",
        }
        return words.get(code, f"cannot be used: {error}; finished trials stay; run it again{_OTHER}")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    try:
        connection.execute(begin)
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _written(value: float) -> float | str:
    """A number for JSON, which has no NaN and no infinity: those as words, which `float` reads.

    >>> [_written(value) for value in (0.1, math.nan, -math.inf)]
    [0.1, 'nan', '-inf']
    """
    value = float(value)
    return value if math.isfinite(value) else str(value)


def _number(value: float | None) -> float:
    """SQLite keeps NaN as NULL."""
    return math.nan if value is None else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
