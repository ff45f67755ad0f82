"""Changes of files as a patch that `git apply` takes."""

from __future__ import annotations

import difflib
import re

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def render(path: str, before: str, after: str) -> str:
    r"""The unified diff of one file, with a final line break.

    >>> print(render("a.py", "x = 1\ny = 2\n", "x = 1\n"), end="")
    --- a/a.py
    +++ b/a.py
    @@ -1,2 +1 @@
     x = 1
    -y = 2
    """
    old, new = _LINE.findall(before), _LINE.findall(after)
    lines = difflib.unified_diff(old, new, f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
