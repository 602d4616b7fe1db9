"""The language that a report is written in: chosen once where a document is composed or rendered, and spoken by all that is called there.

Words of the report stand in ``prose_en.py`` and ``prose_de.py``, under the same names. Sentences of the rooms below are English; the
`PHRASES` of a language hold each as a template with named fields, by which `translated` finds it and says it anew. A field called `name`,
whatever follows, holds what people named, and stays as it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol

__all__ = ["FIELD", "LANGUAGES", "Language", "day", "grouped", "speaking", "spoken", "translated", "words"]

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(%?)")
NAMED_NUMBER = re.compile(r"(?P<before>.+ \(?)(?P<number>[+-]?[\d,.]+%?)(?P<after>\)?)")  # such as "log_m (+2.3)"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
DECIMAL_COMMA = re.compile(r"\d,\d")
FIELD = re.compile(r"\{(\w+)\}")
SAME_SENTENCE = r"(?!\. [A-Z])."  # a full stop before a capital ends one
MINUS, NBSP = "\u2212", "\u00a0"
BARE_PERCENT = re.compile(r"(?<=\d) ?%")
BARE_MINUS = re.compile(r"(?<![^\s(])-(?=\d)")  # before a number alone: no dash within a date or a word
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
    return f"{value:,.{digits}f}".translate(_separators(spoken()))


@cache
def _separators(language: Language) -> dict[int, str]:
    """What a language writes for the comma and the point. Babel's own formatting is slow where a report holds many."""
    return str.maketrans({",": get_group_symbol(language), ".": get_decimal_symbol(language)})


def day(written: date | str) -> str:
    """A day, or one as ISO 8601 has it, in figures: in English as ISO 8601 has it, which no two countries read differently."""
    return format_date(date.fromisoformat(written) if isinstance(written, str) else written, format=words.DATE, locale=spoken())


def translated(sentence: str) -> str:
    """What the rooms below say, in the language in force: a sentence, several in a row, or a list; what its phrases lack stays as it is.

    In English only per cent and minus signs are set as elsewhere in a report.

    Names that people gave do not belong here: a column may be called "orders".
    """
    if spoken() == "en":
        return _set(sentence)
    found = _said_anew(sentence)
    return sentence if found is None else found


def _set(sentence: str) -> str:
    """English of the rooms below with the signs that a report has."""
    return BARE_MINUS.sub(MINUS, BARE_PERCENT.sub(NBSP + "%", sentence))


def _said_anew(text: str) -> str | None:
    return _each_said_anew(text, "; ") or _phrase(text) or _in_a_row(text) or _each_said_anew(text, ", ")


def _phrase(text: str) -> str | None:
    return next((phrase.filled(found) for phrase in _phrases(spoken()) if (found := phrase.whole.fullmatch(text))), None)


def _in_a_row(text: str) -> str | None:
    for phrase in _phrases(spoken()):
        begins = phrase.sentence.match(text) if phrase.sentence else None
        if begins and (rest := _said_anew(text[begins.end() :])) is not None:
            return f"{phrase.filled(begins)} {rest}"
    return None


def _each_said_anew(text: str, separator: str) -> str | None:
    parts = [_said_anew(part) for part in text.split(separator)] if separator in text else [None]
    return None if None in parts else separator.join(filter(None, parts))


def _field(text: str) -> str:
    """A number or a day in a sentence as the language writes it, a phrase as it says it, each of a list, anything else as it is."""
    if DAY.fullmatch(text):
        return day(text)
    if number := NUMBER.fullmatch(text):
        return _number(number)
    if (phrase := _said_anew(text)) is not None:
        return phrase
    for separator in ("; ", ", "):
        if separator in text:
            parts = [_field(part) for part in text.split(separator)]
            return ("; " if any(DECIMAL_COMMA.search(part) for part in parts) else separator).join(parts)
    if named := NAMED_NUMBER.fullmatch(text):
        return f"{named['before']}{_field(named['number'])}{named['after']}"
    return text


def _number(number: re.Match[str]) -> str:
    sign, whole, part, per_cent = number.groups(default="")
    shown = grouped(float(f"{whole}{part}".replace(",", "")), max(len(part) - 1, 0))
    return f"{sign.replace('-', MINUS)}{words.PERCENT.format(number=shown) if per_cent else shown}"


@dataclass(frozen=True)
class _Phrase:
    """What the rooms below say: a pattern of it; one of it before another sentence, if it is one; and what it is in a language."""

    whole: re.Pattern[str]
    sentence: re.Pattern[str] | None
    template: str

    def filled(self, found: re.Match[str]) -> str:
        return self.template.format(**{name: said if name.startswith("name") else _field(said) for name, said in found.groupdict().items()})


@cache
def _phrases(language: Language) -> tuple[_Phrase, ...]:
    """Those that begin with words of their own first, and those with the most of them: none is to be taken for a field of a vaguer one."""
    book: dict[str, str] = import_module(f"clvbayes.report.prose_{language}").PHRASES
    by_words = sorted(book, key=lambda english: (english.startswith("{"), -len(FIELD.sub("", english))))
    return tuple(_compiled(english, book[english]) for english in by_words)


def _compiled(english: str, template: str) -> _Phrase:
    """A name may hold anything; other fields end where a sentence does."""
    parts, end = [], 0
    for field in FIELD.finditer(english):
        anything = "." if field[1].startswith("name") else SAME_SENTENCE
        parts += [re.escape(english[end : field.start()]), f"(?P<{field[1]}>(?:{anything})+?)"]
        end = field.end()
    pattern = "".join(parts) + re.escape(english[end:])
    return _Phrase(re.compile(pattern, re.DOTALL), re.compile(f"{pattern} ", re.DOTALL) if english.endswith(".") else None, template)


class _Words:
    """The words of the language in force, by name."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(f"clvbayes.report.prose_{spoken()}"), name)


if TYPE_CHECKING:
    from clvbayes.report import prose_en as words  # every language has these names: a test says so
else:
    words = _Words()
