"""What all pages share: templates that escape and speak a language; a policy under which a browser fetches nothing."""

import base64
import functools
import hashlib
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autograder.common.language import grouped, plural_template, spoken, template, translated
from autograder.common.text import printable


@functools.cache
def templates() -> Environment:
    """The templates of this package. What is put into them is escaped, and what they lack is an error."""
    environment = Environment(
        loader=PackageLoader("autograder.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(template, plural_template, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(number=number, printable=printable, translated=translated, grouped=grouped)
    return environment


def render(name: str, style: str, **content: Any) -> str:
    """The page of a template and a style sheet, both by name; its policy lets in this style and embedded images."""
    text = source(style)
    policy = f"default-src 'none'; style-src '{digest(text)}'; img-src data:; base-uri 'none'; form-action 'none'"
    page = templates().get_template(name)
    return page.render(**content, language=spoken(), style=Markup(text), policy=policy)


def source(name: str) -> str:
    """A template's text as it is."""
    environment = templates()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def number(value: float | None) -> str:
    """Points as people write them: 3, 2.5, 1.33; a dash for none."""
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def digest(text: str) -> str:
    """What a policy calls this style or script by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
