"""What the verdict and the bar manifest recorded is known also where the verdict was changed."""

import json

from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.recorded import (
    recorded_first_dates,
    recorded_of,
    recorded_overrides,
)


def test_first_dates_are_read_of_a_changed_verdict_too(msft: SymbolPaths) -> None:
    document = json.loads(msft.verdict.read_text())
    for series in document["series"]:
        series["listed"] = {"first": "1986-03-13"}

    msft.verdict.write_text(json.dumps(document))

    assert recorded_first_dates(msft) == {"1day": "1986-03-13", "1week": "1986-03-13"}


def test_where_nothing_is_recorded_there_is_nothing(msft: SymbolPaths) -> None:
    assert recorded_of(msft, "splits") is None
    assert recorded_overrides(msft) == ()
    msft.verdict.write_text("{")
    msft.manifest.unlink()

    assert recorded_first_dates(msft) == {}
    assert recorded_overrides(msft) == ()
