"""`regime migrate`: every command of docs/migration.md works, and its reports are complete."""

import re
import shlex
from pathlib import Path

import pytest

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.cli.conftest import Regime
from regime_platform_tests.scenario import fingerprint

RUNBOOK = (PROJECT_ROOT / "docs" / "migration.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, flags=re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.slow
def test_every_command_of_the_runbook_runs_in_its_order(
    regime: Regime, old: Path, tmp_path: Path
) -> None:
    before = fingerprint(old)
    outputs: dict[str, str] = {}
    for command in COMMANDS:
        words = shlex.split(command.replace("$OLD", str(old)))
        assert words[0] == "regime"

        ended = regime(*words[1:])

        assert ended.code == 0, f"{command}\n{ended.out}\n{ended.err}"
        outputs.setdefault(command, ended.out)

    assert fingerprint(old) == before
    spot = outputs["regime migrate live AAPL MSFT EURUSD --from $OLD"]
    assert "unchanged" in spot
    assert "every row accounted for" in spot
    assert "different: none" in outputs["regime migrate compare-compute MSFT --from $OLD"]
    assert "bars-v1" in outputs["regime migrate list"]
    assert "1,551" in Path("spot.html").read_text()
    assert len(COMMANDS) > 12
    records = [path.name for path in (tmp_path / "data" / "migrations").iterdir()]
    assert [record.startswith("bars-v1-") for record in records] == [True]


@pytest.mark.parametrize("kind", ["live", "frozen"])
def test_compute_names_the_command_for_a_legacy_store(regime: Regime, kind: str) -> None:
    ended = regime("compute", "MSFT", "--input", kind)

    assert ended.code == 2
    assert f"regime migrate {kind} " in ended.err


def test_a_folder_without_a_legacy_store_is_wrong_usage(regime: Regime, tmp_path: Path) -> None:
    ended = regime("migrate", "live", "MSFT", "--from", str(tmp_path / "nowhere"))

    assert ended.code == 2
    assert "--from" in ended.err


def test_a_root_without_migrations_says_so(regime: Regime) -> None:
    ended = regime("migrate", "list")

    assert (ended.code, ended.out) == (0, "")
    assert "nothing was migrated" in ended.err
