"""The frame of a page: no network and no font, and no script but its own.

All else is forbidden by its Content-Security-Policy, which names the script by its SHA-256.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from lossaudit.report.html_style import STYLE
from lossaudit.report.markup import EMPTY, Markup, tag


def render(title: str, *sections: Markup, style: str = "", script: str = "") -> str:
    """A whole page as text, to be written as UTF-8.

    Args:
        title: Of the document.
        sections: What stands on it, in order.
        style: Further rules, after those that every page has.
        script: Runs when the page has been read; pages without pictures that move have none.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Markup(STYLE + style)),
    )
    body = tag("body", tag("main", *sections), tag("script", Markup(script)) if script else EMPTY)
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _policy(script: str) -> str:
    """Nothing is loaded, and of scripts only this one runs: a script that got in has another hash.

    Pages with pictures may show images that stand in the page itself, as their static form does.
    """
    digest = b64encode(sha256(script.encode()).digest()).decode()
    allowed = f"script-src 'sha256-{digest}'; img-src data:; " if script else ""
    return f"default-src 'none'; {allowed}style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
