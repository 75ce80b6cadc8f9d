"""Ctrl-C ends a command of Dagster without a message, other errors with theirs."""

from typing import Any

import dagster._cli.dev
import pytest

from regime_platform.orchestration.instance.interrupts import run_command

dev: Any = dagster._cli.dev
click = dev.click


def _command(error: BaseException) -> Any:
    def fail() -> None:
        raise error

    return click.Command("serve", callback=fail)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), 130, ""),
        (click.UsageError("no such port"), 2, "no such port"),
    ],
)
def test_only_an_error_is_printed(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_command(_command(error), [])

    printed = capsys.readouterr()
    assert ended.value.code == code
    assert message in printed.err
    assert bool(printed.out + printed.err.strip()) is bool(message)
