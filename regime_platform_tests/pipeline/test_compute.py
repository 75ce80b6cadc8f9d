"""The stage compute: what it refuses, and that forcing it changes no result."""

import datetime as dt
import shutil

from regime_platform.compute_db.reader import read_table
from regime_platform.pipeline.outcomes import Stage, Status
from regime_platform.pipeline.run import run_symbol
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.settings import Settings
from regime_platform_tests.builders import make_bars
from regime_platform_tests.pipeline.three_symbols import SYMBOLS, run_all
from regime_platform_tests.scenario import serve, with_value


def test_compute_alone_refuses_a_blocked_symbol(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    serve(settings_of_three, "BBB", "1day", with_value(make_bars(430), 5, close=-1.0))
    run_all(settings_of_three, now)
    workspace = RunWorkspace.open(settings_of_three)

    outcome = run_symbol(
        workspace, workspace.universe.instrument("BBB"), now, stages=[Stage.COMPUTE_DB], force=True
    )

    assert outcome.status is Status.BLOCKED
    assert "BBB" in outcome.reason
    assert not workspace.root.symbol("BBB").compute_db.exists()


def test_damaged_canonical_bars_are_caught_before_compute(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    run_all(settings_of_three, now)
    workspace = RunWorkspace.open(settings_of_three)
    part = next(workspace.root.symbol("AAA").bars("1day").glob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(bytes(data))

    outcome = run_symbol(
        workspace, workspace.universe.instrument("AAA"), now, stages=[Stage.COMPUTE_DB], force=True
    )

    assert outcome.status is Status.FAILED
    assert part.name in outcome.reason


def test_forcing_gives_the_same_digests(settings_of_three: Settings, now: dt.datetime) -> None:
    first = run_all(settings_of_three, now)

    again = run_all(settings_of_three, now + dt.timedelta(hours=1), force=True)

    for symbol in SYMBOLS:
        before, after = first[symbol].compute, again[symbol].compute
        assert before is not None
        assert after is not None
        assert after.status is Status.DONE
        assert before.tables == after.tables


def test_a_database_copied_over_another_is_detected(
    settings_of_three: Settings, now: dt.datetime
) -> None:
    run_all(settings_of_three, now)
    workspace = RunWorkspace.open(settings_of_three)
    paths, other = workspace.root.symbol("AAA"), workspace.root.symbol("BBB")
    shutil.copy2(other.compute_db, paths.compute_db)

    outcome = run_symbol(workspace, workspace.universe.instrument("AAA"), now)

    assert outcome.compute is not None
    assert outcome.compute.status is Status.DONE
    assert set(read_table(paths.compute_db, "state_history")["symbol"]) == {"AAA"}
