"""The store that release 0.1.0 left: every command works on it, and no number changes."""

import json
import shutil
from pathlib import Path

import pytest

from regime_platform.files import read_json
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.older_release import (
    BLOCKED,
    DELISTED,
    SYMBOLS,
    OlderRelease,
    unpack,
)
from regime_platform_tests.scenario import contents

#: After the last fetch of release 0.1.0.
NOW = "2025-06-02T12:00:00Z"
FETCHED = "2025-05-05T12:00:00Z"
GOOD = tuple(symbol for symbol in SYMBOLS if symbol != BLOCKED)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> OlderRelease:
    return unpack(tmp_path_factory.mktemp("release"))


@pytest.fixture
def release(unpacked: OlderRelease, tmp_path: Path) -> OlderRelease:
    """The unpacked release, to be changed by the test."""
    shutil.copytree(unpacked.folder, tmp_path / "release")
    return OlderRelease(tmp_path / "release")


def test_every_number_is_proven_without_a_write(unpacked: OlderRelease, regime: Regime) -> None:
    before = contents(unpacked.folder / "data")

    ended = regime("verify", "--all", "--json", settings=unpacked.settings)

    proofs = {row["symbol"]: row["proof"] for row in json.loads(ended.out)["symbols"]}
    assert proofs == dict.fromkeys(GOOD, "proven") | {BLOCKED: "unfinished"}
    assert contents(unpacked.folder / "data") == before


def test_bars_and_results_computed_again_are_the_stored_ones(
    unpacked: OlderRelease, regime: Regime
) -> None:
    ended = regime("verify", *GOOD, "--recompute", settings=unpacked.settings)

    assert ended.code == 0, ended.out


@pytest.mark.slow
def test_a_forced_run_publishes_the_digests_of_the_release(
    release: OlderRelease, regime: Regime
) -> None:
    before = {symbol: _digests(release, symbol) for symbol in GOOD}

    ended = regime("compute", *GOOD, "--force", settings=release.settings)

    assert ended.code == 0, ended.out
    assert {symbol: _digests(release, symbol) for symbol in GOOD} == before
    assert regime("verify", *GOOD, settings=release.settings).code == 0


@pytest.mark.slow
def test_a_run_goes_on_from_what_the_release_stored(release: OlderRelease, regime: Regime) -> None:
    ended = regime("run", "--all", "--now", NOW, "--json", settings=release.settings)

    assert ended.code == 3
    outcomes = {row["symbol"]: row["status"] for row in json.loads(ended.out)["symbols"]}
    assert outcomes[BLOCKED] == "blocked"
    assert set(outcomes) == set(SYMBOLS)
    assert {outcomes[symbol] for symbol in GOOD} <= {"done", "unchanged"}
    assert regime("verify", *GOOD, settings=release.settings).code == 0


@pytest.mark.slow
def test_the_gate_rejects_the_bad_bar_until_it_is_excluded(
    release: OlderRelease, regime: Regime
) -> None:
    assert regime("promote", BLOCKED, settings=release.settings).code == 3

    words = ("bars", "exclude", BLOCKED, "1day", "2025-05-01", "--reason", "a broken high")
    assert regime(*words, settings=release.settings).code == 0
    assert regime("run", BLOCKED, "--now", NOW, settings=release.settings).code == 0
    assert regime("verify", "--all", settings=release.settings).code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("state", "ALDER"),
        ("board",),
        ("history", "EURUSD", "1h", "--last", "3"),
        ("explain", "EURUSD", "1h", "2025-04-01T10:00"),
        ("explain", "CEDAR", "1day", "2025-03-14", "--as-of", FETCHED),
        ("bars", "ALDER", "1day", "--last", "3"),
        ("bars", "list"),
        ("eras", "list"),
        ("universe", "list"),
        ("universe", "check"),
        ("migrate", "list"),
        ("snapshot", "list"),
        ("snapshot", "diff", "2025-03-03.1", "2025-03-03.1"),
    ],
    ids=" ".join,
)
def test_answers_come_from_the_stored_release(
    unpacked: OlderRelease, regime: Regime, command: tuple[str, ...]
) -> None:
    ended = regime(*command, settings=unpacked.settings)

    assert ended.code == 0, ended.out + ended.err


def test_the_symbol_of_before_a_rename_names_the_one_of_today(
    unpacked: OlderRelease, regime: Regime
) -> None:
    ended = regime("state", "OLDELM", settings=unpacked.settings)

    assert ended.code == 2
    assert "OLDELM was renamed to ELM" in ended.err


def test_an_answer_of_the_past_names_the_release_that_recorded_it(
    unpacked: OlderRelease, regime: Regime
) -> None:
    ended = regime("verify", "ALDER", "--as-of", FETCHED, settings=unpacked.settings)

    assert "the code was another (0.1.0, of no commit" in ended.out


def test_status_names_the_blocked_symbol(unpacked: OlderRelease, regime: Regime) -> None:
    ended = regime("status", settings=unpacked.settings)

    assert f"regime validate {BLOCKED}" in ended.out


def test_a_snapshot_of_today_differs_from_that_of_the_release_in_nothing(
    release: OlderRelease, regime: Regime
) -> None:
    taken = ("snapshot", "--date", "2025-05-06", "--name", "again", "--now", NOW)
    assert regime(*taken, settings=release.settings).code == 0

    ended = regime("snapshot", "list", "--json", settings=release.settings)

    last, again = json.loads(ended.out)[-2:]
    assert (last["name"], again["name"]) == ("last", "again")
    assert last["content_digest"] == again["content_digest"]
    assert last["recipe_digest"] == again["recipe_digest"]


def test_a_backup_of_the_release_is_restored_and_proven(
    release: OlderRelease, regime: Regime
) -> None:
    before = contents(release.folder / "data")
    shutil.rmtree(release.folder / "data")

    ended = regime("restore", str(release.folder / "backup"), settings=release.settings)

    assert ended.code == 0, ended.err
    assert contents(release.folder / "data") == before
    assert regime("verify", *GOOD, settings=release.settings).code == 0


def test_a_backup_of_today_goes_on_in_the_folder_of_the_release(
    release: OlderRelease, regime: Regime
) -> None:
    ended = regime("backup", str(release.folder / "backup"), "--check", settings=release.settings)

    assert ended.code == 0, ended.err


def test_a_migration_of_the_release_is_withdrawn(release: OlderRelease, regime: Regime) -> None:
    batch = next((release.folder / "data" / "migrations").iterdir()).stem

    ended = regime("migrate", "undo", batch, "CEDAR", settings=release.settings)

    assert ended.code == 0, ended.err
    assert regime("run", "CEDAR", "--now", NOW, settings=release.settings).code == 0
    assert regime("verify", "CEDAR", settings=release.settings).code == 0


@pytest.mark.slow
def test_a_delisted_symbol_is_asked_for_again_once_that_is_undone(
    release: OlderRelease, regime: Regime
) -> None:
    assert regime("universe", "delist", DELISTED, "--undo", settings=release.settings).code == 0
    assert regime("run", DELISTED, "--now", NOW, settings=release.settings).code == 0


def _digests(release: OlderRelease, symbol: str) -> object:
    manifest = read_json(release.symbol_file(symbol, "compute_manifest.json"))
    assert manifest is not None
    return manifest["manifest"]["tables"]
