"""The language that a report is written in: chosen once where a document is composed or rendered, and spoken by all that is called there.

Words of the report stand in ``prose_en.py`` and ``prose_de.py``, under the same names. Sentences of the rooms below are English; the
`PHRASES` of a language hold each as a template with named fields, by which `translated` finds it and says it anew.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

from babel.dates import format_date
from babel.numbers import format_decimal

__all__ = ["LANGUAGES", "Language", "day", "grouped", "speaking", "spoken", "translated", "words"]

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(%?)")
_spoken: ContextVar[Language] = ContextVar("spoken", default="en")


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Within it `words` are those of a language, and numbers and dates are written as in it.

    Raises
    ------
    ValueError
        If there is no such language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"there is no prose in {language!r}; there is {', '.join(LANGUAGES)}")
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> Language:
    """The language in force."""
    return _spoken.get()


def grouped(value: float, digits: int) -> str:
    """A number with separated thousands and a fixed number of decimals."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=spoken())


def day(written: date | str) -> str:
    """A day, or one as ISO 8601 has it, in figures: in English as ISO 8601 has it, which no two countries read differently."""
    return format_date(date.fromisoformat(written) if isinstance(written, str) else written, format=words.DATE, locale=spoken())


def translated(sentence: str) -> str:
    """A sentence of the rooms below, or several in a row, in the language in force; one that its phrases lack stays as it is."""
    found = _said_anew(sentence)
    return sentence if found is None else found


def _said_anew(sentence: str) -> str | None:
    book = _phrases(spoken())
    for pattern, template in book:
        if whole := pattern.fullmatch(sentence):
            return template.format(**{name: _field(value) for name, value in whole.groupdict().items()})
    for pattern, template in book:
        begins = pattern.match(sentence)
        if begins and sentence[begins.end() : begins.end() + 1] == " " and (rest := _said_anew(sentence[begins.end() + 1 :])) is not None:
            return f"{template.format(**{name: _field(value) for name, value in begins.groupdict().items()})} {rest}"
    return None


def _field(text: str) -> str:
    """A number in a sentence as the language writes it, a phrase as it says it, anything else as it is."""
    if number := NUMBER.fullmatch(text):
        sign, whole, part, per_cent = number.groups(default="")
        shown = grouped(float(f"{whole}{part}".replace(",", "")), max(len(part) - 1, 0))
        return f"{sign}{words.PERCENT.format(number=shown) if per_cent else shown}"
    return translated(text)


@cache
def _phrases(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of the English templates, the most specific first, and what each is in the language."""
    book: dict[str, str] = import_module(f"clvbayes.report.prose_{language}").PHRASES
    return tuple((_pattern(english), book[english]) for english in sorted(book, key=lambda text: (text.count("{"), -len(text))))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(template)), re.DOTALL)


class _Words:
    """The words of the language in force, by name."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(f"clvbayes.report.prose_{spoken()}"), name)


if TYPE_CHECKING:
    from clvbayes.report import prose_en as words  # every language has these names: a test says so
else:
    words = _Words()
