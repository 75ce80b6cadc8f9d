"""Numbers of text files: decimal marks, marks between thousands, signs of currencies and nulls.

The decimal mark is one that a value proves: ``1,5`` has a decimal comma, ``1,234,567`` has commas
between thousands. ``1,234`` proves nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from regime_platform.sources.files.facts import STATED, Fact
from regime_platform.sources.files.mapping import FileMapping

#: What stands for no number, in small letters; an empty text does so in any file.
NULLS = ("null", "none", "nil", "n/a", "na", "#n/a", "-", "--", "\u2013", "\u2014", ".")
_CURRENCIES = "$\u20ac\u00a3\u00a5\u20bd\u20b9\u20a9"
_SPACES = " \u00a0\u202f\u2009"
#: Signs beside those of ASCII that numbers are written with.
SIGNS_OF_NUMBERS = re.compile(rf"\d[{_SPACES[1:]}\u2019]\d|[{_CURRENCIES[1:]}]\s?\d")
_GROUPS = rf"'\u2019{_SPACES}_"
_GROUPED = r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d{1,3}(?:\.\d{3})+(?:,\d*)?"
_GROUPED += rf"|\d{{1,3}}(?:[{_GROUPS}]\d{{3}})+(?:[.,]\d*)?"
_SIGNED = re.compile(rf"[+-]?(?:\d+[.,]?\d*|[.,]\d+|{_GROUPED})(?:[eE][+-]?\d+)?")
_BETWEEN = re.compile(rf"\d([{_GROUPS}])\d{{3}}(?!\d)")
_SUFFIXES = {"K": "e3", "M": "e6", "B": "e9"}
_OTHER = {",": ".", ".": ","}
_NO_MARKS = "no value says otherwise"


@dataclass(frozen=True)
class Marks:
    """How the numbers of a file are written."""

    decimal: str = "."
    thousands: str = ""
    strip: tuple[str, ...] = ()
    nulls: tuple[str, ...] = NULLS
    is_case_free: bool = True  # of nulls; they are those of any file
    facts: tuple[Fact, ...] = ()
    note: str = ""  # on the text, for messages about a value that is no number

    def values(self, column: pl.Series, *, is_volume: bool = False) -> pl.Series:
        """Texts as Float64; null where one stands for no number, or is none (see ``faults``)."""
        plain = self.decimal == "." and not self.strip and self.is_case_free
        values = column.cast(pl.Float64, strict=False) if plain else _unknown(column)
        if values.null_count() == column.null_count():
            return values
        rest = values.is_null() & column.is_not_null()
        written = column.filter(rest)
        parsed = self._parsed(written, is_volume=is_volume)
        return values.scatter(rest.arg_true(), parsed) if parsed.len() else values

    def faults(self, column: pl.Series, values: pl.Series) -> pl.Series:
        """True where a text is no number and stands for none."""
        return values.is_null() & ~self._are_null(column)

    def _are_null(self, column: pl.Series) -> pl.Series:
        text = column.str.strip_chars()
        folded = text.str.to_lowercase() if self.is_case_free else text
        return column.is_null() | (text == "") | folded.is_in(list(self.nulls))

    def _parsed(self, column: pl.Series, *, is_volume: bool) -> pl.Series:
        text = pl.col("text")
        for sign in self.strip:
            text = text.str.replace_all(sign, "", literal=True)
        text = text.str.strip_chars()
        if self.thousands:
            is_space = self.thousands in _SPACES
            group = f"[{_SPACES}]" if is_space else re.escape(self.thousands)
            grouped = rf"^[+-]?\d{{1,3}}(?:{group}\d{{3}})+(?:{re.escape(self.decimal)}\d*)?$"
            without = text.str.replace_all(group, "")
            text = pl.when(text.str.contains(grouped)).then(without).otherwise(text)
        if self.decimal == ",":  # a full stop that marks no thousands makes it no number
            text = pl.when(~text.str.contains(".", literal=True)).then(text.str.replace(",", "."))
        if is_volume:
            for suffix, power in _SUFFIXES.items():
                text = text.str.replace(rf"(?i)^([\d.]+)\s*{suffix}$", f"${{1}}{power}")
        known = pl.when(~self._null_texts()).then(text).cast(pl.Float64, strict=False)
        return column.alias("text").to_frame().select(known).to_series()

    def _null_texts(self) -> pl.Expr:
        text = pl.col("text").str.strip_chars()
        return (text.str.to_lowercase() if self.is_case_free else text).is_in(list(self.nulls))


def marks_of(
    texts: Iterable[str], prices: Iterable[str], delimiter: str, mapping: FileMapping
) -> Marks:
    """How numbers are written, by a sample of all and of those that are prices."""
    nulls = mapping.nulls or NULLS
    given = {text.strip() for text in texts}
    signs = tuple(sign for sign in _CURRENCIES if any(sign in text for text in given))
    strip = mapping.strip or (signs if len(signs) == 1 else ())  # two currencies are not one price
    plain = {_stripped(text, strip) for text in given} - {""}
    plain = {text for text in plain if _SIGNED.fullmatch(text.rstrip("KMBkmb").strip())}
    facts = []
    if strip:
        facts.append(Fact("strip", " ".join(strip), STATED if mapping.strip else "in the values"))
    seen = sorted(text for text in given if text.lower() in nulls)
    if seen or mapping.nulls:
        facts.append(Fact("nulls", " ".join(mapping.nulls or seen), "in the values"))
    fact = _decimal(plain, {_stripped(text, strip) for text in prices}, delimiter, mapping)
    thousands = mapping.thousands or _space_mark(plain)
    if thousands:
        evidence = STATED if mapping.thousands else "in the values"
        facts.append(Fact("thousands", repr(thousands), evidence))
    elif fact.evidence != _NO_MARKS:
        thousands = _OTHER[fact.value]
    marks = Marks(fact.value, thousands, strip, nulls, not mapping.nulls)
    return replace(marks, facts=(fact, *facts))


def _decimal(values: set[str], prices: set[str], delimiter: str, mapping: FileMapping) -> Fact:
    if mapping.decimal:
        return Fact("decimal", mapping.decimal, STATED)
    if mapping.thousands in (",", "."):
        return Fact("decimal", _OTHER[mapping.thousands], "the other one marks thousands")
    both = ('","', '"."')
    marked = sorted(v for v in values if "," in v or "." in v)
    with_comma = [v for v in marked if "," in v]
    several = [v for v in marked if v.count(".") > 1]
    possible = {",": (*with_comma, *several), ".": marked}
    proofs = {mark: next((v for v in of if _proves(v, mark)), "") for mark, of in possible.items()}
    proven = {mark: value for mark, value in proofs.items() if value}
    if len(proven) == 2:
        return Fact("decimal", ".", f"{proven[',']} and {proven['.']} contradict", both)
    for mark, value in proven.items():
        return Fact("decimal", mark, f"a value such as {value}")
    with_stop = sorted(v for v in prices if "." in v and delimiter != ",")
    if with_comma or (with_stop and not any(re.match(r"[+-]?\d{4}", v) for v in prices)):
        return Fact("decimal", ".", f"{(with_comma or with_stop)[0]} can be either", both)
    return Fact("decimal", ".", _NO_MARKS)


def _proves(value: str, mark: str) -> bool:
    """Whether a number shows that ``mark`` is its decimal mark."""
    other = "," if mark == "." else "."
    last = max(value.rfind("."), value.rfind(","))
    if last < 0:
        return False
    if value[last] == other:
        return value.count(other) > 1 and mark not in value  # 1,234,567
    if value.count(mark) > 1:
        return False
    whole, _, part = value.partition(mark)
    if other in whole or any(sign in whole for sign in "'\u2019" + _SPACES):
        return True
    digits = whole.lstrip("+-")
    return len(part) != 3 or len(digits) > 3 or digits.startswith("0") or not digits


def _space_mark(values: set[str]) -> str:
    match = _BETWEEN.search("\n".join(sorted(values)))
    return match[1] if match else ""


def _stripped(text: str, strip: tuple[str, ...]) -> str:
    for sign in strip:
        text = text.replace(sign, "")
    return text.strip()


def is_number(text: str) -> bool:
    """Whether a text may be a number, or stand for none."""
    text = text.strip()
    plain = text.strip(_CURRENCIES + "%").rstrip("KMBkmb").strip()
    is_named = text.lower() in ("", "nan", "inf", "-inf", *NULLS)
    return is_named or _SIGNED.fullmatch(plain) is not None


def _unknown(column: pl.Series) -> pl.Series:
    return pl.Series(column.name, [None], pl.Float64).new_from_index(0, column.len())
