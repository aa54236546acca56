"""HTML that a student had a hand in, made harmless: no script, style, frame, form, SVG or address outside.

What is allowed is text, tables, links to the web, and embedded pictures. Headings come below those of the page.
"""

import re

import nh3
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]
from pygments.token import STANDARD_TYPES  # type: ignore[import-untyped]

from autograder.common.language import gettext

MAX_MARKDOWN = 30_000  # characters; longer texts are shown as they are written
MAX_HTML = 1_000_000
MAX_CODE = 200_000
MAX_TAGS = 50_000  # "<" in HTML

_TAGS = set(
    "a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 "
    "hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr tt "
    "u ul var".split()
)
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_CODE_CLASSES = {"highlight", *filter(None, STANDARD_TYPES.values())}
_WEB = ("http:", "https:", "mailto:", "data:")
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_HEADING = re.compile(r"<(/?)h([1-6])>")


def clean(html: str, *, code: bool = False, below: int = 2) -> Markup:
    """Harmless HTML; its headings are at least one level below `below`. `code` keeps the classes of coloured code."""
    if len(html) > MAX_HTML or html.count("<") > MAX_TAGS:
        return Markup("<p>{}</p>").format(gettext("Too long to show here: it is in your notebook."))
    safe = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style", "svg", "math", "iframe", "object", "noscript", "template", "textarea"},
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        allowed_classes={"span": _CODE_CLASSES, "div": {"highlight"}} if code else {},
        url_schemes={scheme.rstrip(":") for scheme in _WEB},
        link_rel="noopener noreferrer nofollow",
    )
    safe = re.sub(r"<img (?![^>]*\balt=)", '<img alt="" ', safe)
    return Markup(_lower(safe, below))


def markdown(text: str, attachments: dict[str, dict[str, str]] | None = None, *, below: int = 2) -> Markup:
    """Markdown as nbconvert renders it, harmless."""
    if len(text) > MAX_MARKDOWN:
        return Markup("<pre>{}</pre>").format(text)
    renderer = IPythonRenderer(escape=False, attachments=attachments or {}, exclude_anchor_links=True)
    try:
        rendered = str(MarkdownWithMath(renderer=renderer).render(text))
    except Exception:  # an attachment that is not there, a text too deep: whatever a student's Markdown makes of it
        return Markup("<pre>{}</pre>").format(text)
    return clean(rendered, code=True, below=below)


def python(source: str) -> Markup:
    """Python code, highlighted."""
    if len(source) > MAX_CODE:
        return Markup("<pre>{}</pre>").format(source)
    return clean(highlight(source, PythonLexer(stripnl=False), HtmlFormatter()), code=True)


def _attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if _PICTURE.fullmatch(value) else None
    if attribute == "href":
        scheme = value.strip().partition(":")[0].lower() + ":"
        return value if scheme in _WEB[:3] else None
    return value if attribute in ("alt", "scope", "class") or value.isdecimal() else None


def _lower(html: str, below: int) -> str:
    """Headings moved below the page's own; none skips a level."""
    last, opened = below, list[int]()

    def moved(tag: re.Match[str]) -> str:
        nonlocal last
        if tag[1]:
            return f"</h{opened.pop() if opened else last}>"
        last = min(int(tag[2]) + below, last + 1, 6)
        opened.append(last)
        return f"<h{last}>"

    return _HEADING.sub(moved, html)
