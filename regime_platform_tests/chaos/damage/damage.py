"""Damage to any file of a store: every reader gives the answer from before, or none and a remedy.

Answers of other symbols are whole at any time, `verify` or `doctor` finds what a reader refused,
and the remedies that they name end in the answers from before.
"""

import datetime as dt
import json
import random
import shutil
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from regime_platform_tests.audit.rich_symbol import LATER
from regime_platform_tests.chaos.damage.copies import add_copies, damaged_copies
from regime_platform_tests.chaos.damage.readers import READERS, Reading, compared
from regime_platform_tests.chaos.damage.store import (
    AFTER,
    SYMBOLS,
    Answer,
    Store,
    make_store,
)
from regime_platform_tests.chaos.damage.ways import WAYS, Target
from regime_platform_tests.chaos.trials import Trial

#: Kind -> the files below the data root that are of it.
KINDS: Mapping[str, str] = {
    "raw": "assets/*/raw/*/*.parquet",
    "bars": "assets/*/bars/*/*.parquet",
    "rejected": "assets/*/rejected/*.parquet",
    "compute.db": "assets/*/compute.db",
    "verdict": "assets/*/verdict.json",
    "bar manifest": "assets/*/manifest.json",
    "compute manifest": "assets/*/compute_manifest.json",
    "chain": "assets/*/chain.jsonl",
    "overrides": "assets/*/decisions.yaml",
    "actions": "assets/*/actions.json",
    "splits": "assets/*/splits.json",
    "price factors": "assets/*/price_factors.json",
    "identity": "assets/*/identity.json",
    "renames of a symbol": "assets/*/renames.json",
    "requests": "assets/*/acquisition.json",
    "failed fetches": "assets/*/fetch_failures.json",
    "proven": "proven/*.json",
    "board": "board.parquet",
    "eras": "eras/*[ls]",
    "universe": "universe.yaml",
    "gate": "gate.yaml",
    "alert rules": "alerts.yaml",
    "renames": "renames.json",
    "snapshots": "snapshots/*.json*",
    "sql": "sql/*.*",
    "pages": "report/**/*.*",
    "outbox": "dagster/outbox/*.json",
}
#: What is an operator's own text, in which another word may be as right as the one before.
_OWN_TEXT = {"universe", "gate", "alert rules"}
_READERS_AT_ONCE = 4
_REPAIRED = 1 / 4  # of the trials: a run and the remedies cost more than all readers
_BESIDE = 1 / 4  # of the trials: damage to what is beside the symbols
_NUMBERS = ("sql of results", "sql of states", "rp.history", "rp.bars")
_LATER = (LATER + dt.timedelta(days=2)).isoformat()
_WARM = ("state", "--all", "--now", AFTER)


def trials(seed: int, folder: Path) -> Iterator[Trial]:
    """Endless."""
    store, earlier = make_store(folder)
    return trials_of(store, earlier, seed, folder)


def trials_of(store: Store, earlier: Store, seed: int, folder: Path) -> Iterator[Trial]:
    """Damages this store, and puts it right again before the next trial."""
    chance, whole = random.Random(seed), add_copies(store)
    pristine = store.copy(folder / "pristine")
    wanted = {name: reader(store) for name, reader in READERS.items()}
    while True:
        store.restore(pristine)
        if chance.random() < _BESIDE:
            yield from damaged_copies(store, earlier, whole, chance)
            continue
        kind, way = chance.choice([*KINDS]), chance.choice([*WAYS])
        target = _target(store, earlier, kind, chance)
        if chance.random() < 0.5:  # else every reader proves the files by itself
            store.expect(*_WARM)
        if WAYS[way](target, chance):
            name = target.path.relative_to(store.data)
            damaged = {*_symbols_of(store, target.path)}
            if way == "swapped":
                damaged.update(_symbols_of(store, target.other))
            for problem in _problems(store, wanted, damaged, chance):
                yield Trial(f"{kind}, {way}", f"{name}: {problem}")
            if chance.random() < _REPAIRED:
                for problem in _not_repaired(store, pristine, target, wanted, damaged):
                    yield Trial(f"{kind}, {way}", f"{name}: {problem}")
            yield Trial(f"{kind}, {way}")


def _target(store: Store, earlier: Store, kind: str, chance: random.Random) -> Target:
    paths = sorted(path for path in store.data.glob(KINDS[kind]) if path.is_file())
    path = chance.choice(paths)
    same = [other for other in paths if other != path and other.suffix == path.suffix]
    return Target(
        path,
        earlier.folder / path.relative_to(store.folder),
        chance.choice(same) if same else path,
    )


def _problems(
    store: Store, wanted: Mapping[str, Reading], damaged: Collection[str], chance: random.Random
) -> Iterator[str]:
    for name in chance.sample([*READERS], _READERS_AT_ONCE):
        reading = READERS[name](store)
        yield from (f"{name}: {text}" for text in compared(reading, wanted[name], damaged))


def _symbols_of(store: Store, path: Path) -> tuple[str, ...]:
    """Those that the file is about."""
    parts = path.relative_to(store.data).parts
    return parts[1:2] if parts[0] == "assets" else SYMBOLS


def _not_repaired(
    store: Store,
    pristine: Store,
    target: Target,
    wanted: Mapping[str, Reading],
    damaged: Collection[str],
) -> Iterator[str]:
    """What is wrong after a run, and after the remedies that are named then."""
    ran = store.regime("run", "--all", "--now", _LATER, "--json")
    yield from _wrong_of_run(ran, damaged)
    for path in {target.path, target.other}:
        relative = path.relative_to(store.folder)
        if relative.parts[1] not in {"assets", "board.parquet", "proven", "sql", "report"}:
            shutil.copy2(pristine.folder / relative, path)
    remedies = []
    for _ in range(4):
        verified = store.regime("verify", "--all", "--json")
        if verified.code == 0:
            break
        try:
            proofs = json.loads(verified.out)["symbols"]
        except (ValueError, KeyError):
            yield f"verify: {verified.text[-600:]}"
            return
        for proof in (each for each in proofs if each["remedy"]):
            remedies.append(proof["remedy"])
            ended = _followed(store, pristine, proof["symbol"], proof["remedy"])
            if ended.code == 99:
                yield f"{proof['remedy']}: {ended.text[-600:]}"
    else:
        yield f"not proven after {remedies}: {verified.text[-600:]}"
    for name in _NUMBERS:
        reading = READERS[name](store)
        yield from (f"repaired, {name}: {text}" for text in compared(reading, wanted[name], ()))


def _wrong_of_run(ran: Answer, damaged: Collection[str]) -> Iterator[str]:
    if ran.code == 99 or "unexpected" in ran.text or "Traceback" in ran.text:
        yield f"run: {ran.text[-600:]}"
        return
    try:
        outcomes = {each["symbol"]: each for each in json.loads(ran.out)["symbols"]}
    except (ValueError, KeyError):
        outcomes = {}
    for symbol in {*SYMBOLS} - {*damaged}:
        status = outcomes.get(symbol, {}).get("status", ran.text[-300:])
        if status not in {"done", "unchanged"}:
            yield f"run: {symbol} is {status}"


def _followed(store: Store, pristine: Store, symbol: str, remedy: str) -> Answer:
    """Carries out a remedy: the command that it is, or a file back from a backup."""
    words = remedy.split()
    if words[:2] == ["regime", "repair"]:
        return store.regime(*words[1:], "--yes", "--now", _LATER)
    if words[0] == "regime":
        return store.regime(*words[1:])
    for path in (pristine.data / "assets" / symbol).rglob("raw/*/*.parquet"):
        shutil.copy2(path, store.folder / path.relative_to(pristine.folder))
    return Answer(0, "", "")
