"""The journal of renames: written before a rename begins, and marked when it is done."""

from pathlib import Path

from regime_platform.bar_store.layout import DataRoot
from regime_platform.bar_store.rename_journal import Rename, moved_away, record, renames
from regime_platform.errors import ConfigError
from regime_platform_tests.error_codes import raises

BEGUN = Rename(former="FB", symbol="META", renamed_at="2022-06-09T00:00:00Z", instrument={})
FINISHED = BEGUN.model_copy(update={"is_finished": True})


def test_a_finished_rename_replaces_its_beginning(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    record(root, BEGUN)
    assert "`regime universe rename FB META` finishes it" in renames(root)[0].describe()

    record(root, FINISHED)

    assert renames(root) == (FINISHED,)
    assert "ask for META" in FINISHED.describe()


def test_only_the_last_rename_of_a_symbol_counts(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    assert moved_away(root, "FB") is None
    record(root, FINISHED)
    back = Rename(former="META", symbol="FB", renamed_at="2023-01-01T00:00:00Z", instrument={})

    assert (moved_away(root, "FB"), moved_away(root, "META")) == (FINISHED, None)
    record(root, back)
    assert (moved_away(root, "FB"), moved_away(root, "META")) == (None, back)


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "renames.json").write_text('{"renames": 1}')

    with raises(ConfigError, "rename-journal-damaged", match=r"renames\.json"):
        renames(DataRoot(tmp_path))
