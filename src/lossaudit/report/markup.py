"""HTML and SVG by functions: text is escaped unless `tag` made it, so nothing of the user's program becomes markup."""

from __future__ import annotations

from html import escape

from lossaudit.report.wording import visible


class Markup(str):
    """Text that is HTML already. Only `tag` and `join` make it of text they did not escape themselves."""

    __slots__ = ()


EMPTY = Markup("")
_VOID = frozenset({"meta", "br", "hr"})


def text(value: object) -> Markup:
    """The value as HTML: escaped, unless it is markup already.

    >>> text("a < b"), text(Markup("<br>"))
    ('a &lt; b', '<br>')
    """
    return value if isinstance(value, Markup) else Markup(escape(visible(str(value))))


def join(*children: object) -> Markup:
    """The children one after another."""
    return Markup("".join(map(text, children)))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element. An attribute `class_` is written `class`, other underscores are hyphens; None leaves one out.

    >>> tag("p", "x < 1", tag("br"), class_="note")
    '<p class="note">x &lt; 1<br></p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>" if name in _VOID else f"<{name}{given}>{join(*children)}</{name}>")
