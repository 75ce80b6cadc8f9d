"""`regime verify --bundle` needs nothing else; `--as-of` proves what was said at a past moment."""

import json
import shutil
from pathlib import Path

from regime_platform.pipeline.platform import RunWorkspace
from regime_platform_tests.cli.conftest import Regime

NOW = ("--now", "2026-11-21T09:00Z")


def test_a_bundle_is_proven_elsewhere_and_a_damaged_one_is_not(
    regime: Regime, walked: RunWorkspace, tmp_path: Path
) -> None:
    shutil.copytree(walked.root.path / "assets/FB", tmp_path / "data/assets/FB")
    regime("snapshot", *NOW)
    regime("snapshot", "export", "2026-11-21", "--output", "b.zip")
    digest = json.loads((tmp_path / "data/snapshots/manifest_2026-11-21.json").read_text())[
        "digest"
    ]
    shutil.rmtree(tmp_path / "data")

    proven = regime("verify", "--bundle", "b.zip", "--recompute")
    data = bytearray(Path("b.zip").read_bytes())
    data[len(data) // 3] ^= 1
    Path("damaged.zip").write_bytes(data)
    damaged = regime("verify", "--bundle", "damaged.zip", "--json")

    assert proven.code == 0
    assert "1 symbol proven and recomputed" in proven.err
    assert digest in proven.err
    assert damaged.code == 1
    assert damaged.err or not json.loads(damaged.out)["is_proven"]
    assert not (tmp_path / "data").exists()


def test_what_is_no_bundle_and_what_makes_no_sense_is_refused(regime: Regime) -> None:
    missing = regime("verify", "--bundle", "nothing.zip")
    both = regime("verify", "AAPL", "--bundle", "nothing.zip")

    assert (missing.code, both.code) == (1, 2)
    assert "nothing.zip does not exist" in missing.err


def test_what_was_said_then_is_computed_again_and_proven_by_the_record_of_then(
    on_sample: Regime,
) -> None:
    after = on_sample("verify", "IBM", "FB", "--as-of", "2026-11-21")
    asked = on_sample("verify", "IBM", "--as-of", "2026-11-21", "--recompute", "--json")
    before = on_sample("verify", "IBM", "--as-of", "2026-03-13", "--recompute", "--json")

    assert (after.code, asked.code, before.code) == (0, 0, 1)
    assert "2 of 2 symbols recomputed and proven as of 2026-11-21" in after.err
    proven, unknown = (json.loads(one.out)[0] for one in (asked, before))
    assert (proven["terms"]["standing"], proven["is_recomputed"]) == ("proven", True)
    assert not unknown["is_recomputed"]
    assert "nothing of IBM was known" in unknown["terms"]["reason"]
