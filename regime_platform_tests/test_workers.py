"""Several processes answer as one does, whatever becomes of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from regime_platform.workers import AHEAD, map_in_processes


def _doubled(number: int) -> int:
    return 2 * number


def _deadly_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def _threads(_number: int) -> str:
    return os.environ.get("OPENBLAS_NUM_THREADS", "")


def _raising(number: int) -> int:
    raise ValueError(number)


def _died(number: int, why: str) -> int:
    assert "memory" in why
    return -number


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(map_in_processes(workers, _doubled, range(40), _died)) == list(range(0, 80, 2))


@pytest.mark.slow
def test_a_process_uses_one_core_and_others_as_many_as_they_like() -> None:
    child = [sys.executable, "-c", "import os; print(os.environ.get('OPENBLAS_NUM_THREADS'))"]

    assert set(map_in_processes(2, _threads, range(4), lambda _number, why: why)) == {"1"}
    assert subprocess.run(child, check=True, capture_output=True, text=True).stdout == "None\n"


def test_items_are_consumed_only_a_little_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    answers = map_in_processes(2, _doubled, items(), _died)

    assert next(answers) == 0
    assert len(taken) <= 2 * AHEAD + 1
    answers.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.slow
def test_only_an_item_that_kills_its_processes_has_no_result() -> None:
    answers = list(map_in_processes(2, _deadly_at_seven, range(30), _died))

    assert answers == [-7 if number == 7 else 2 * number for number in range(30)]


def test_errors_of_the_function_are_raised() -> None:
    with pytest.raises(ValueError, match="3"):
        list(map_in_processes(2, _raising, [3], _died))
