"""The checks of the vendor: none without --live, a refused key, and a clock that is ahead."""

import datetime as dt
import json

from regime_platform.settings import Settings
from regime_platform_tests.cli.conftest import Fetch, document_of
from regime_platform_tests.cli.vendor_stocks import NOW
from regime_platform_tests.scenario import fingerprint
from regime_platform_tests.vendor import (
    KEY,
    LoopbackVendor,
    error_answer,
)


def test_doctor_queries_the_vendor_only_with_live_and_stores_the_answers(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    quiet = fetch("doctor", "--now", NOW, "--json")
    asked = len(vendor.questions)
    live = fetch("doctor", "--live", "--now", NOW, "--json")

    assert asked == 0
    assert quiet.code == live.code == 0, live.out
    kept = json.loads((listed.data_root / "vendor_answers.json").read_text())
    assert len(kept["answers"]) == 7
    assert kept["asked_at"] == "2026-11-21T02:00:00Z"
    names = [check["name"] for check in document_of(live)["checks"]]
    assert {"settings", "calendars", "credits"} < set(names)
    assert KEY not in quiet.out + live.out


def test_doctor_shows_the_other_checks_where_the_key_is_refused(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    vendor.answer_next(error_answer(401, "wrong key"))

    ended = fetch("doctor", "--live", "--now", NOW, "--json")

    checks = {check["name"]: check for check in document_of(ended)["checks"]}
    assert ended.code == 1
    assert checks["vendor"]["status"] == "error"
    assert "TWELVEDATA_API_KEY" in checks["vendor"]["detail"]
    assert checks["settings"]["status"] == "ok"
    assert not (listed.data_root / "vendor_answers.json").exists()


def test_clock_ahead_of_the_vendor_fetches_nothing_and_doctor_reports_it(
    fetch: Fetch, listed: Settings, vendor: LoopbackVendor
) -> None:
    before = fingerprint(listed.data_root)
    real = dt.datetime.now(dt.UTC) - dt.timedelta(hours=3)
    vendor.is_dated, vendor.now = True, lambda: real

    refused = fetch("update", "--all")
    doctor = fetch("doctor", "--json")

    assert refused.code == 1
    assert "180 minutes ahead of Twelve Data's" in refused.out + refused.err
    after = fingerprint(listed.data_root)
    assert {name: after[name] for name in after if not name.endswith("/.fetch.lock")} == before
    assert len(vendor.questions) == 1
    clock = next(check for check in document_of(doctor)["checks"] if check["name"] == "clock")
    assert (clock["status"], "ahead of" in clock["detail"]) == ("error", True)
    assert "timedatectl" in clock["remedy"]
