"""What a vendor or a file says reaches logs, steps and alerts of Dagster as visible text."""

import io
import json
import logging
import re
from collections.abc import Iterator

import dagster as dg
import pytest

from regime_platform.orchestration.alerts.channels import Alert, send_alert
from regime_platform.orchestration.build import build_definitions
from regime_platform.orchestration.instance.home import open_instance
from regime_platform.orchestration.jobs import listed_config
from regime_platform.redaction import ShownRecord
from regime_platform.settings import Settings
from regime_platform_tests.conftest import NOW

EVIL = "[/x]\x1b[2J\x9b31m\u202e"
SHOWN = "[/x]\\x1b[2J\\x9b31m\\u202e"
ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069]")
#: What Dagster's own formatter adds around a message.
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger of this process writes, the factory put back afterwards."""
    factory, stream = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(stream)
    watched = [logging.getLogger(), logging.getLogger("dagster")]
    for logger in watched:
        logger.addHandler(handler)
    yield stream
    for logger in watched:
        logger.removeHandler(handler)
    logging.setLogRecordFactory(factory)


def test_a_failed_run_logs_and_keeps_only_visible_text(
    eight: Settings, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    assert eight.files_root is not None
    broken = eight.files_root / "ELM" / "1day.csv"
    (eight.files_root / "ELM" / "1day.parquet").unlink()
    broken.write_text(f"ts,open,high,low,{EVIL}\n2024-01-01,1,1,1,1\n")
    with open_instance(eight) as instance:
        result = (
            build_definitions(eight)
            .resolve_job_def("update_daily")
            .execute_in_process(
                instance=instance,
                run_config=dg.RunConfig(ops=listed_config("update_daily", ["ELM"]).ops),
                raise_on_error=False,
            )
        )
        events = [event.message or "" for event in instance.all_logs(result.run_id)]

    assert logging.getLogRecordFactory() is ShownRecord
    assert not result.success
    streams = capfd.readouterr()
    shown = COLOUR.sub("", streams.out + streams.err + log.getvalue())
    assert SHOWN in shown
    assert not ACTIVE.search(shown)
    assert not any(ACTIVE.search(COLOUR.sub("", event)) for event in events)


def test_every_logger_of_a_process_with_our_storage_is_inert(
    eight: Settings, log: io.StringIO
) -> None:
    with open_instance(eight):
        logging.getLogger("another_library").warning("the vendor says %s\nnext %s", EVIL, 7)

    assert log.getvalue() == f"the vendor says {SHOWN}\nnext 7\n"


def test_an_alert_is_inert_on_every_channel(
    eight: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (eight.data_root / "dagster").mkdir(parents=True, exist_ok=True)

    send_alert(eight, Alert("stale", f"title {EVIL}", NOW, [f"ELM: {EVIL}\nAAA done"]))

    assert f"title {SHOWN}\nELM: {SHOWN} AAA done" in caplog.text
    line = (eight.data_root / "dagster" / "notices.jsonl").read_text()
    assert not ACTIVE.search(line)
    assert json.loads(line)["title"] == f"title {EVIL}"
