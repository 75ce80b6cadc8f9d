# ruff: noqa: RUF001 - names in Cyrillic letters
"""What columns of bar files are called, in several languages and by several programs.

A name is compared without case, marks, units in brackets and the numbers of Alpha Vantage
(``4b. close (USD)``). Names that may mean something else as well are weak: they are taken where no
other column has the role.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

#: Roles beside the bar columns. An instant is a date with its time, or a number of an epoch.
INSTANT, DATE, CLOCK, SYMBOL, PERIOD = "instant", "date", "clock", "symbol", "period"
ADJUSTED = "adjusted "  # before the role of a price that is adjusted beside one that is not

_STRONG: Mapping[str, str] = {
    "open": "open|o|px open|trade open|open price|opening|opening price|opn|eröffnung|"
    "eröffnungskurs|"
    "erster|ouverture|ouv|premier|apertura|apert|abertura|abert|открытие|откр|цена открытия|"
    "开盘|开盘价|開盤|開盤價|今开|始値|始值|otwarcie|시가",
    "high": "high|h|px high|trade high|high price|highest|hi|max|hoch|höchst|höchstkurs|"
    "tageshoch|höchster|haut|"
    "plus haut|alto|máximo|máx|máxima|massimo|alta|максимум|макс|максимальная|наивысшая|"
    "最高|最高价|最高價|高値|najwyższy|고가",
    "low": "low|l|px low|trade low|low price|lowest|lo|min|tief|tiefst|tiefstkurs|tagestief|"
    "tiefster|bas|plus bas|"
    "bajo|mínimo|mín|mínima|minimo|baixa|минимум|мин|минимальная|最低|最低价|最低價|安値|najniższy|저가",
    "close": "close|c|cls|px last|trade close|close price|closing|closing price|close last|last|"
    "last price|"
    "settle|settlement|settlement price|schluss|"
    "schlusskurs|letzter|zuletzt|clôture|clôt|dernier|cierre|último|ultimo|chiusura|chius|"
    "fechamento|fech|fecho|закрытие|закр|цена закрытия|收盘|收盘价|收盤|收盤價|終値|终值|"
    "zamknięcie|종가",
    "volume": "volume|vol|v|px volume|tickvol|tick volume|real volume|trade volume|total volume|"
    "volumen|"
    "umsatz|stück|gehandelte stück|quantité|volumes|объем|объём|об|成交量|交易量|出来高|"
    "wolumen|거래량",
    INSTANT: "ts|t|ts event|timestamp|time stamp|datetime|date time|dt|unix|unix time|"
    "unix timestamp|"
    "epoch|open time|opentime|window start|start time|bar start|gmt time|local time|utc time|"
    "date utc|datum zeit|zeitstempel|dateheure|fecha hora|data hora|дата время|дата и время|"
    "时间戳|日時|index level 0",
    DATE: "date|d|day|dtyyyymmdd|trade date|trading date|trading day|datum|tag|jour|fecha|data|"
    "дата|день|日期|交易日期|日付|日付け|날짜|일자",
    CLOCK: "time|tm|hour|clock|time hhmmss|zeit|uhrzeit|heure|hora|ora|время|时间|時間|時刻|时刻",
    SYMBOL: "symbol|sym|ticker|tic|ts code|act symbol|security|instrument|stock|stock code|"
    "stock symbol|тикер|инструмент|代码|股票代码|証券コード|銘柄コード|コード|kürzel|símbolo",
    PERIOD: "per|period|timeframe|interval|bar size|период|resolution",
}
_WEAK: Mapping[str, str] = {
    "close": "price|kurs|preis|prix|precio|prezzo|preço|цена|価格|价格|preis close",
    INSTANT: "week|month|index",
    SYMBOL: "name|code|name ticker|asset|pair|market",
}
_ADJUSTED = ("adj", "adjusted", "adjclose", "closeadj", "bereinigt", "ajustado", "ajusté")
_ADJUSTED_ROLES = ("open", "high", "low", "close", "volume")
_JOINED = re.compile(r"(adj|adjusted)(open|high|low|close|volume)")  # as adjClose
_VOLUME_OF = re.compile(r"(volume|vol|volumen|объем)( from| to)? \S+")


class Role(NamedTuple):
    """What a column is, by its name."""

    name: str
    is_weak: bool = False


def role_of(name: str) -> Role | None:
    """The role of a column with this name; None where the name says none."""
    plain = plain_name(name)
    if plain in _ROLES:
        return _ROLES[plain]
    plain = _JOINED.sub(r"\1 \2", plain)
    words = plain.split()
    if words and (words[0] in _ADJUSTED or words[-1] in _ADJUSTED):
        rest = " ".join(word for word in words if word not in _ADJUSTED[:2]) or plain
        role = _ROLES.get(rest) or Role("close" if "close" in plain or rest == plain else "")
        return Role(ADJUSTED + role.name) if role.name in _ADJUSTED_ROLES else None
    return Role("volume", is_weak=True) if _VOLUME_OF.fullmatch(plain) else None


def plain_name(name: str) -> str:
    """``name`` as names are compared."""
    text = unicodedata.normalize("NFKC", name).strip().strip("<>\"'#﻿").casefold()
    text = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", text) if text[:1] not in "([" else text
    text = re.sub(r"^\d+[a-z]?\.\s+", "", text)
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def _roles() -> dict[str, Role]:
    names = {
        plain_name(name): Role(role, is_weak)
        for names_of, is_weak in ((_WEAK, True), (_STRONG, False))
        for role, names in names_of.items()
        for name in names.split("|")
    }
    without_accents = {
        "".join(
            sign
            for sign in unicodedata.normalize("NFD", name)
            if sign < "\u0300" or sign > "\u036f"
        ): role
        for name, role in names.items()
        if name.isascii() or max(name) < "\u0250"
    }
    joined = {name.replace(" ", ""): role for name, role in names.items()}  # as openPrice
    return {**joined, **without_accents, **names}


_ROLES = _roles()
