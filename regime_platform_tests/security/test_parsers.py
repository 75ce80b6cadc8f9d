"""Whatever bytes come from outside, a parser ends with its value or with an error of ours.

The few damaged inputs here are a sample: `make fuzz` runs as many as there is time for, and what it
finds is kept in ``found``.
"""

import random
from pathlib import Path

import pytest

from regime_platform.errors import RegimeError
from regime_platform_tests.security.fuzz import FOUND
from regime_platform_tests.security.mutation import VALUES, mutated
from regime_platform_tests.security.parsers import PARSERS
from regime_platform_tests.security.parsing import Corpus, Fault, Parser, checked, given

_INPUTS = 25

pytestmark = pytest.mark.xdist_group("parsers")  # their seeds are made once


@pytest.mark.parametrize("name", PARSERS)
def test_damaged_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    corpus = Corpus(PARSERS[name], random.Random(name))
    kept = sorted((FOUND / name).glob("*"))

    for data in (*corpus.inputs, *(path.read_bytes() for path in kept)):
        checked(corpus.parser, data, tmp_path)
    for _ in range(_INPUTS):
        data = corpus.draw()
        corpus.note(data, checked(corpus.parser, data, tmp_path))


def test_every_found_input_is_of_a_parser() -> None:
    assert {path.name for path in FOUND.glob("*")} <= {*PARSERS}


def test_the_same_seed_gives_the_same_inputs() -> None:
    first, second = (
        [mutated(rng, b'{"a": [1, 2]}', [b"x"]) for _ in range(50)]
        for rng in (random.Random(7), random.Random(7))
    )

    assert first == second
    assert len(set(first)) > 30


def test_values_that_are_put_into_documents_stay_as_they_are() -> None:
    rng, before, data = random.Random(1), repr(VALUES), b'[[], {}, {"a": [1]}]'

    for _ in range(2000):
        data = mutated(rng, data, [b"[]"])[:4000] or b"[]"
        data = data if data[:1] in b"[{" else b'[[], {}, {"a": [1]}]'

    assert repr(VALUES) == before


def test_an_error_of_another_library_and_one_that_cannot_be_shown_are_faults(
    tmp_path: Path,
) -> None:
    def parse(data: bytes, _folder: Path) -> None:
        if data == b"ours":
            raise RegimeError("x; correct it")
        raise (RegimeError("") if data == b"empty" else KeyError("x"))

    parser = Parser("one", parse, given(b"ours"))

    assert checked(parser, b"ours", tmp_path) == "error: RegimeError x; correct it"
    for data, reason in ((b"empty", "no message"), (b"other", "KeyError")):
        with pytest.raises(Fault, match=reason):
            checked(parser, data, tmp_path)
