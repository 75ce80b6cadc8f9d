"""The checks of `regime doctor --live`: what the vendor answers about its limits and listings."""

import datetime as dt

from regime_platform.bar_store.layout import DataRoot
from regime_platform.errors import ConfigError, RegimeError
from regime_platform.files import write_json
from regime_platform.model.instants import iso
from regime_platform.orchestration.status.check import Check
from regime_platform.settings import Settings
from regime_platform.sources.registry import build_sources
from regime_platform.sources.twelvedata.probe import probe
from regime_platform.sources.twelvedata.source import TwelveDataSource


def live_checks(settings: Settings, now: dt.datetime) -> list[Check]:
    """Queries the vendor for its limits and listings and stores the answers in the data root."""
    try:
        return _answers(settings, now)
    except RegimeError as error:  # no key, or a refused one: the other checks are shown
        return [Check("vendor", "error", str(error))]


def _answers(settings: Settings, now: dt.datetime) -> list[Check]:
    source = build_sources(settings)["twelvedata"]
    if not isinstance(source, TwelveDataSource):
        raise ConfigError(
            "source twelvedata is not the vendor's; no checks are possible", code="no-vendor"
        )
    answers = probe(source.client, now)
    target = DataRoot(settings.root_folder).vendor_answers
    listed = [{"question": each.question, "answer": each.answer} for each in answers]
    write_json(target, {"asked_at": iso(now), "answers": listed})
    return [
        *(
            Check(f"vendor: {each.question}", "ok" if each.is_known else "note", each.answer)
            for each in answers
        ),
        Check("vendor answers", "ok", f"stored in {target}"),
    ]
