"""Damage beside the symbols: to backups, bundles, caches, `.env`, and the state of Dagster.

A backup restores what it had or nothing, and says which copy is damaged; a bundle proves what it
had or is refused. What is no evidence at all leaves every answer as it was, or is named.
"""

import random
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from regime_platform.orchestration.instance.home import open_instance
from regime_platform.sealed_cache import SealedCache
from regime_platform.settings import Settings
from regime_platform_tests.chaos.damage.store import AFTER, Answer, Store
from regime_platform_tests.chaos.damage.ways import WAYS, Target
from regime_platform_tests.chaos.trials import Trial

_KERNEL = "a.kernel"
_BODY = b"machine code" * 100
_UNCOMPARED = {"dagster", "proven", "sql", "report"}  # made again, or changed by any command
_REMEDY = re.compile(r"`regime \w+|remove|restore|another|move it away|expected|write it")


@dataclass(frozen=True)
class Copied:
    """What there is beside the symbols, whole."""

    restored: Mapping[str, str]  # name below a restored data root -> SHA-256
    members: Mapping[str, bytes]  # of the bundle
    states: str  # of all symbols


def add_copies(store: Store) -> Copied:
    """Adds what a store has not by itself."""
    (store.folder / ".env").write_text("REGIME_WORKERS=1\nREGIME_NOTIFY_MAIL=\n")
    SealedCache(store.folder / "kernels").keep(_KERNEL, _BODY)
    settings = Settings(_env_file=None, REGIME_DATA_ROOT=store.data)
    with open_instance(settings):
        pass
    store.expect("alerts", "test")
    restored = _restored(store)[1]
    assert restored
    states = store.expect("state", "--all", "--now", AFTER, "--json").out
    return Copied(restored, _members(store), states)


def _of_backup(store: Store, whole: Copied) -> Iterator[str]:
    answer, files = _restored(store)
    if answer.code == 0 and files != whole.restored:
        names = [
            name for name, digest in whole.restored.items() if files.get(name, digest) != digest
        ]
        yield f"restored other files: {names[:5]}, lacks {sorted({*whole.restored} - {*files})[:5]}"
    yield from _unclear(answer)
    made = store.regime("backup", str(store.folder / "backup"), "--check")
    yield from _unclear(made)
    if made.code == 0 and _restored(store)[1] != whole.restored:
        yield "a checked backup restores other files"


def _of_bundle(store: Store, whole: Copied) -> Iterator[str]:
    answer = store.regime("verify", "--bundle", str(store.folder / "bundle.zip"))
    if answer.code == 0:
        try:
            is_whole = _members(store) == whole.members
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            yield f"proven, but {error}"
            return
        if not is_whole:
            yield "proven with other members"
    elif "Traceback" in answer.text or "unexpected" in answer.text:
        yield answer.text[-700:]


def _of_state(store: Store, whole: Copied) -> Iterator[str]:
    """Neither Dagster's tables nor alerts are evidence: no answer depends on them."""
    for words in (("status",), ("alerts", "list"), ("doctor",)):
        answer = store.regime(*words)
        if answer.code == 99 or re.search("Traceback|unexpected", answer.text):
            yield f"{words[0]}: {answer.text[-700:]}"
    if store.regime("state", "--all", "--now", AFTER, "--json").out != whole.states:
        yield "another answer"


def _of_settings(store: Store, whole: Copied) -> Iterator[str]:
    """Another value may be as right as the one before; a setting that is none is one line."""
    answer = store.regime("state", "--all", "--now", AFTER, "--json")
    if answer.code == 0 and answer.out != whole.states:
        yield "another answer"
    if answer.code == 99 or re.search("Traceback|unexpected", answer.text):
        yield answer.text[-700:]


def _of_kernels(store: Store, whole: Copied) -> Iterator[str]:
    del whole
    if SealedCache(store.folder / "kernels").read(_KERNEL) not in {_BODY, None}:
        yield "other machine code is loaded"


Check = Callable[[Store, Copied], Iterator[str]]
#: Kind -> the files below the folder of the store that are of it, and what is right then.
COPIES: Mapping[str, tuple[str, Check]] = {
    "backup": ("backup/**/*", _of_backup),
    "listing of a backup": ("backup/backup.json", _of_backup),
    "bundle": ("bundle.zip", _of_bundle),
    "tables of Dagster": ("data/dagster/storage/**/*", _of_state),
    "alerts": ("data/dagster/*.json*", _of_state),
    ".env": (".env", _of_settings),
    "kernels": ("kernels/*", _of_kernels),
}


def damaged_copies(
    store: Store, earlier: Store, whole: Copied, chance: random.Random
) -> Iterator[Trial]:
    """Damages one file of any kind in any way; nothing where the way does not apply to it."""
    kind, way = chance.choice([*COPIES]), chance.choice([*WAYS])
    target = target_of(store, earlier, kind, chance)
    if WAYS[way](target, chance):
        problems = "; ".join(COPIES[kind][1](store, whole))
        name = target.path.relative_to(store.folder)
        yield Trial(f"{kind}, {way}", problems and f"{name}: {problems}")


def target_of(store: Store, earlier: Store, kind: str, chance: random.Random) -> Target:
    """A file of the kind, and another of it, which may be the same."""
    paths = sorted(path for path in store.folder.glob(COPIES[kind][0]) if path.is_file())
    path = chance.choice(paths)
    return Target(path, earlier.folder / path.relative_to(store.folder), chance.choice(paths))


def _restored(store: Store) -> tuple[Answer, Mapping[str, str]]:
    elsewhere = Store(store.folder / "elsewhere")
    shutil.rmtree(elsewhere.folder, ignore_errors=True)
    elsewhere.folder.mkdir()
    answer = elsewhere.regime("restore", str(store.folder / "backup"))
    files = {
        str(path.relative_to(elsewhere.data)): sha256(path.read_bytes()).hexdigest()
        for path in elsewhere.data.rglob("*")
        if path.is_file() and path.relative_to(elsewhere.data).parts[0] not in _UNCOMPARED
    }
    shutil.rmtree(elsewhere.folder)
    return answer, files


def _members(store: Store) -> Mapping[str, bytes]:
    with zipfile.ZipFile(store.folder / "bundle.zip") as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def _unclear(answer: Answer) -> Iterator[str]:
    if answer.code == 99 or re.search("Traceback|unexpected", answer.text):
        yield answer.text[-700:]
    elif answer.code and not _REMEDY.search(answer.text):
        yield f"no remedy: {answer.text[-400:]}"
