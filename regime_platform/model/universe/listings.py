"""The market that a symbol is listed on, from a vendor's list of instruments.

A list is JSON (rows, or rows under ``data``) or CSV with a header. The columns ``symbol`` and
``mic_code`` are required; ``currency`` and ``type`` are optional.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regime_platform.errors import UsageError


@dataclass(frozen=True)
class Listing:
    """One instrument on one market."""

    symbol: str
    mic_code: str
    currency: str = ""
    type: str = ""


def listings(text: str, name: str) -> list[Listing]:
    """The listings of a file.

    Raises:
        UsageError: it is neither of the two forms, or has no symbol or mic_code.
    """
    rows = _json_rows(text, name) if text.lstrip()[:1] in ("[", "{") else _csv_rows(text)
    try:
        return [
            Listing(
                symbol=str(row["symbol"]).strip(),
                mic_code=str(row["mic_code"]).strip(),
                currency=str(row.get("currency") or "").strip(),
                type=str(row.get("type") or "").strip(),
            )
            for row in rows
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{name} is no list of instruments ({error}); expected rows with symbol and mic_code",
            code="listings-form",
        ) from error


def market(known: Sequence[Listing], symbol: str, currency: str = "") -> tuple[dict[str, str], str]:
    """The market of a symbol, as its source writes it.

    Returns:
        mic_code and type where exactly one market is listed; otherwise nothing and the reason.
    """
    matches = [listing for listing in known if listing.symbol == symbol]
    if currency and any(listing.currency for listing in matches):
        matches = [listing for listing in matches if listing.currency == currency]
    markets = sorted({listing.mic_code for listing in matches})
    if len(markets) != 1:
        where = f"is listed on {', '.join(markets)}" if markets else "is not among the listings"
        return {}, f"{symbol} {where}"
    types = {listing.type for listing in matches}
    only = types.pop() if len(types) == 1 else ""
    return {"mic_code": markets[0], **({"type": only} if only else {})}, ""


def _json_rows(text: str, name: str) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"{name} is not JSON: {error}; correct the line named", code="not-json"
        ) from error
    rows: list[Mapping[str, Any]]
    rows = document.get("data", []) if isinstance(document, dict) else document
    return rows


def _csv_rows(text: str) -> list[Mapping[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))
