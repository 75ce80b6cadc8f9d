"""Which series have another regime than the one reported last."""

from regime_platform.orchestration.alerts.regime_changes import ReportedRegimes, changed_regimes
from regime_platform.settings import Settings

BEFORE = {"OAK 1day": ("CHOP_RISK", "LOW"), "ELM 1day": ("SHOCK", ""), "FIR 1day": ("SHOCK", "")}
NOW = {
    "OAK 1day": ("CHOP_RISK", "HIGH"),
    "ELM 1day": ("TRANSITION", ""),
    "FIR 1day": ("SHOCK", ""),
    "NEW 1day": ("SHOCK", ""),
}


def test_a_changed_label_or_bucket_is_a_line() -> None:
    assert changed_regimes(BEFORE, NOW) == [
        "OAK 1day: CHOP_RISK (LOW) -> CHOP_RISK (HIGH)",
        "ELM 1day: SHOCK -> TRANSITION",
    ]


def test_nothing_is_reported_before_a_first_report(settings: Settings) -> None:
    assert ReportedRegimes.of(settings).read() is None
    assert changed_regimes(None, NOW) == []


def test_what_was_reported_is_read_again(settings: Settings) -> None:
    settings.data_root.joinpath("dagster").mkdir(parents=True)

    ReportedRegimes.of(settings).write(NOW)

    assert ReportedRegimes.of(settings).read() == NOW
