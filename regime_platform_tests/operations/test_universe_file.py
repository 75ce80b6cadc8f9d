"""Which universe file is edited, and that its edits follow one another."""

from pathlib import Path

import pytest
from filelock import FileLock

from regime_platform.errors import ConfigError
from regime_platform.model.instruments import Instrument
from regime_platform.operations import universe_file
from regime_platform.operations.universe_edits import add
from regime_platform.settings import Settings, load_universe
from regime_platform_tests.error_codes import raises
from regime_platform_tests.operations.index_fund import SPY
from regime_platform_tests.prepared_process import PREPARED
from regime_platform_tests.scenario import street


def test_the_tracked_universe_is_never_edited() -> None:
    with raises(ConfigError, "tracked-universe", match="REGIME_DATA_ROOT"):
        add(Settings(_env_file=None), [SPY])


def test_an_edit_that_the_settings_would_hide_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    settings = Settings(
        _env_file=None, REGIME_DATA_ROOT=tmp_path / "data", REGIME_UNIVERSE=elsewhere
    )

    with raises(ConfigError, "universe-elsewhere", match="REGIME_UNIVERSE"):
        add(settings, [SPY])

    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_names_the_universe_of_the_data_root_hides_nothing(tmp_path: Path) -> None:
    street(tmp_path, ["AAA"])
    root = tmp_path / "data"
    named = Settings(_env_file=None, REGIME_DATA_ROOT=root, REGIME_UNIVERSE=root / "universe.yaml")

    assert add(named, [SPY]).after.symbols == ("SPY", "AAA")


def _add_each(root: Path, first: int) -> None:
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=root)
    for number in range(first, first + 5):
        add(
            settings,
            [
                Instrument(
                    symbol=f"S{number}",
                    name="A name",
                    asset_class="SYNTHETIC",
                    tier="daily",
                    source="files",
                )
            ],
        )


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_edits_of_several_processes_follow_one_another(settings: Settings) -> None:
    both = [PREPARED.Process(target=_add_each, args=(settings.data_root, k)) for k in (0, 5)]
    for process in both:
        process.start()
    for process in both:
        process.join()

    assert [process.exitcode for process in both] == [0, 0]
    assert {f"S{number}" for number in range(10)} <= set(load_universe(settings).symbols)


def test_waiting_in_vain_names_the_holder(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(universe_file, "_PATIENCE", 0.05)
    settings.data_root.mkdir()
    lock = settings.data_root / ".universe.lock"

    with FileLock(lock):
        lock.write_text("process 4711")
        with raises(ConfigError, "locked", match="process 4711"):
            add(settings, [SPY])
