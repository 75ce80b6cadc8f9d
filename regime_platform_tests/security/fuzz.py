"""Damages inputs of every parser for a while: `make fuzz [SECONDS=600] [SEED=1] [PARSER=name]`.

Each parser gets an equal share of the time in a process of its own, since a parser in C may end it.
What breaks one is kept beside this module, where the tests run it ever after.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path

from regime_platform_tests.security.parsers import PARSERS
from regime_platform_tests.security.parsing import Corpus, Fault, checked, smallest

FOUND = Path(__file__).parent / "found"
_PATIENCE = 120  # seconds without a word from a parser
_MOST_FAULTS = 5  # of one parser, of different kinds


def main(arguments: Sequence[str] | None = None) -> int:
    """Ends with 1 where a parser did not keep its promise."""
    options = argparse.ArgumentParser(prog="fuzz")
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options.add_argument("--parser", choices=PARSERS)
    chosen = options.parse_args(arguments)
    names = [chosen.parser] if chosen.parser else list(PARSERS)
    print(f"seed {chosen.seed}, {chosen.seconds:g} s over {len(names)} parsers", flush=True)
    total, faults = 0, 0
    for name in names:
        inputs, reports, text = _run(name, chosen.seed, chosen.seconds / len(names))
        total, faults = total + inputs, faults + len(reports)
        print(f"{name:24}{inputs:>12,} inputs{text}", *reports, sep="\n  ", flush=True)
    print(f"{total:,} inputs, {faults} faults")
    return 1 if faults else 0


def _run(name: str, seed: int, seconds: float) -> tuple[int, list[str], str]:
    """How many inputs a parser got, what it did wrong, and how many reasons it gave."""
    last = Path(tempfile.mkdtemp()) / "last"  # the input that it reads, to have it after a crash
    ours, theirs = multiprocessing.Pipe()
    # a fork of a process in which Polars has threads hangs
    process = multiprocessing.get_context("spawn").Process(
        target=_damage, args=(theirs, name, seed, seconds, last)
    )
    process.start()
    theirs.close()
    inputs, faults, text = 0, list[str](), ""
    try:
        ours.recv()  # it is ready, which takes as long as the machine is busy
        while ours.poll(_PATIENCE):
            inputs, fault, text = ours.recv()
            faults += [fault] if fault else []
        process.kill()
        faults.append(f"does not end: {_kept(name, last.read_bytes())}")
    except EOFError:
        process.join()
        if process.exitcode:
            faults.append(f"ended by {process.exitcode}: {_kept(name, last.read_bytes())}")
    shutil.rmtree(last.parent)
    return inputs, faults, text


def _damage(answers: Connection, name: str, seed: int, seconds: float, last: Path) -> None:
    parser = PARSERS[name]
    corpus = Corpus(parser, random.Random(f"{seed} {name}"))
    answers.send((0, "", ""))
    ends = time.monotonic() + seconds
    faults: set[str] = set()
    inputs, sent = 0, 0.0
    with tempfile.TemporaryDirectory() as place, last.open("wb", buffering=0) as current:
        folder = Path(place)
        while (now := time.monotonic()) < ends and len(faults) < _MOST_FAULTS:
            if now > sent + 1:
                answers.send((inputs, "", ""))
                sent = now
            data = corpus.draw()
            os.ftruncate(current.fileno(), 0)
            os.pwrite(current.fileno(), data, 0)
            inputs += 1
            try:
                corpus.note(data, checked(parser, data, folder))
            except Fault as error:
                if error.kind not in faults:
                    faults.add(error.kind)
                    data = smallest(parser, data, error.kind, folder)
                    answers.send((inputs, f"{error}\n  {_kept(name, data)}", ""))
                shutil.rmtree(folder)
                folder.mkdir()
    answers.send((inputs, "", f", {len(corpus.reasons)} reasons"))


def _kept(name: str, data: bytes) -> Path:
    path = FOUND / name / sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    raise SystemExit(main())
