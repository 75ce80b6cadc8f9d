"""A registered secret shows in no error, log, traceback or event."""

import io
import logging
import pickle
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

from regime_platform.errors import SourceError
from regime_platform.redaction import hide, redact

KEY = "a+long/key=with&signs-1234567890"


def test_a_short_secret_is_hidden_only_where_a_key_can_occur() -> None:
    hide("k")

    assert redact("Authorization: apikey k") == "Authorization: apikey [key]"
    assert redact("?apikey%3Dk&x=1week") == "?apikey%3D[key]&x=1week"
    assert redact("kept, weekly, k") == "kept, weekly, k"


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), quote(KEY, safe="").lower()])
def test_a_long_secret_shows_in_no_error_log_or_traceback(form: str) -> None:
    hide(KEY)
    shown = io.StringIO()
    handler = logging.StreamHandler(shown)
    log = logging.getLogger("another.library")
    log.addHandler(handler)

    error = SourceError(f"no answer from /bars?apikey={form}")
    try:
        raise ValueError(f"bad header {form}")  # noqa: TRY301
    except ValueError:
        log.exception("asked %s", f"https://host/?apikey={form}")
    log.removeHandler(handler)

    assert str(error) == "no answer from /bars?apikey=[key]"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301
    assert form not in shown.getvalue()
    assert shown.getvalue().count("[key]") == 2


def test_a_long_secret_shows_in_no_event_of_dagster() -> None:
    hide(KEY)

    @dg.op
    def failing(context: dg.OpExecutionContext) -> None:
        context.log.info("asking with %s", KEY)
        raise SourceError(f"no answer to {KEY}")

    @dg.job
    def job() -> None:
        failing()

    with dg.DagsterInstance.ephemeral() as instance:
        run = job.execute_in_process(instance=instance, raise_on_error=False)
        events = "".join(dg.serialize_value(event) for event in instance.all_logs(run.run_id))

    assert KEY not in events
    assert "no answer to [key]" in events
    assert "asking with [key]" in events


@pytest.mark.slow
def test_an_uncaught_error_of_the_command_shows_no_secret(tmp_path: Path) -> None:
    script = (
        "from regime_platform.cli import main\nfrom regime_platform.settings import Settings\n"
        f"def broken(_): Settings(); raise ValueError('apikey={KEY}')\n"
        "main._code = broken\nmain.main([])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={"TWELVEDATA_API_KEY": KEY, "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "ValueError: apikey=[key]" in ended.stderr
    assert KEY not in ended.stderr
