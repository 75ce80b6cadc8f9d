"""The invented bars of SYNTH."""

from regime_platform_tests.sources.sample.served import FILES, UNIVERSE, served


def test_synthetic_bars_are_labelled_as_such() -> None:
    described = [facts["description"] for facts in FILES.values() if facts["symbol"] == "SYNTH"]

    assert len(described) == 5
    assert all(text.startswith("SYNTHETIC") for text in described)
    assert "SYNTHETIC" in UNIVERSE.instrument("SYNTH").name


def test_synthetic_bars_reach_escalation_on_all_but_the_weekly_timeframe() -> None:
    rows = {name: served("SYNTH", name).height for name in ("15min", "1h", "4h", "1day", "1week")}

    assert rows == {"15min": 15_600, "1h": 4_200, "4h": 1_200, "1day": 600, "1week": 120}


def test_synthetic_sessions_keep_new_york_time_across_clock_changes() -> None:
    for timeframe, opens in {
        "1h": ["09:30", "10:30", "11:30", "12:30", "13:30", "14:30", "15:30"],
        "4h": ["09:30", "13:30"],
    }.items():
        local = served("SYNTH", timeframe)["ts"].dt.convert_time_zone("America/New_York")
        assert local.dt.strftime("%H:%M").unique().sort().to_list() == opens


def test_synthetic_stress_is_more_volatile_than_synthetic_calm() -> None:
    returns = served("SYNTH", "1day")["close"].pct_change().to_numpy()

    assert returns[255:285].std() > 3 * returns[1:150].std()
