"""A store with every kind of file, and the command line over it as a function."""

import contextlib
import datetime as dt
import io
import os
import shutil
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from regime_platform.bar_store import proven
from regime_platform.cli.main import main
from regime_platform.settings import Settings
from regime_platform_tests.audit.rich_symbol import BARS, LATER, SYMBOL, make_rich
from regime_platform_tests.builders import make_bars
from regime_platform_tests.scenario import serve, street

SYMBOLS = (SYMBOL, "AAA", "BBB")
NOW = LATER.isoformat()
AFTER = (LATER + dt.timedelta(days=1)).isoformat()
_CONFIGURATION = {
    "gate.yaml": "rules:\n  too_few_bars: {US_EQUITY: warning}\n",
    "alerts.yaml": "rules:\n  - {timeframes: [1day], regimes: [PANIC_RISK]}\n",
}


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Store:
    """A folder with ``data``, ``files``, ``backup`` and ``bundle.zip``."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def regime(self, *arguments: str) -> Answer:
        """Runs a command in this process, as a new process would find the files."""
        proven._known.clear()
        out, err = io.StringIO(), io.StringIO()
        with self._environment(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(arguments)
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
            except Exception:  # noqa: BLE001 - what a user would see as a traceback
                code = 99
                traceback.print_exc()
        return Answer(code, out.getvalue(), err.getvalue())

    @contextlib.contextmanager
    def _environment(self) -> Iterator[None]:
        before, folder = dict(os.environ), Path.cwd()
        os.environ |= {
            "REGIME_DATA_ROOT": str(self.data),
            "REGIME_FILES_ROOT": str(self.folder / "files"),
            "REGIME_WORKERS": "1",
            "COLUMNS": "400",
        }
        os.chdir(self.folder)
        try:
            yield
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ |= before

    def expect(self, *arguments: str) -> Answer:
        """Runs a command that must succeed."""
        answer = self.regime(*arguments)
        if answer.code:
            raise AssertionError(f"regime {' '.join(arguments)}: {answer.text}")
        return answer

    def copy(self, target: Path) -> "Store":
        """The same in another folder."""
        shutil.copytree(self.folder, target)
        return Store(target)

    def restore(self, source: "Store") -> None:
        """Puts back what differs from another store."""
        wanted = {path.relative_to(source.folder) for path in source.folder.rglob("*")}
        for path in sorted(self.folder.rglob("*"), reverse=True):
            original = source.folder / path.relative_to(self.folder)
            if original.is_dir() == path.is_dir() and original.exists():
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name in sorted(wanted):
            original, path = source.folder / name, self.folder / name
            if original.is_dir():
                path.mkdir(exist_ok=True)
            elif not path.exists() or path.read_bytes() != original.read_bytes():
                shutil.copy2(original, path)


def make_store(folder: Path) -> tuple[Store, Store]:
    """The store, and the same store as it was a few bars earlier."""
    store = Store(folder / "store")
    store.folder.mkdir(parents=True)
    make_rich(store.folder)
    settings = street(store.folder, SYMBOLS)
    _serve(settings, 430)
    for name, text in _CONFIGURATION.items():
        (store.data / name).write_text(text)
    _publish(store, NOW, "first")
    earlier = store.copy(folder / "earlier")
    _serve(settings, 440)
    _publish(store, AFTER, "second")
    store.expect("snapshot", "export", "2026-11-22.1", "--output", str(store.folder / "bundle.zip"))
    store.expect("sql", "SELECT count(*) FROM bars")
    store.expect("backup", str(store.folder / "backup"))
    return store, earlier


def _serve(settings: Settings, bars: int) -> None:
    serve(settings, SYMBOL, "1day", BARS.head(bars))
    for seed, symbol in enumerate(SYMBOLS[1:], 5):
        serve(settings, symbol, "1day", make_bars(bars, seed=seed))


def _publish(store: Store, now: str, name: str) -> None:
    store.expect("run", "--all", "--now", now)
    store.expect("snapshot", "take", "--name", name, "--now", now)
    store.expect("report", "--pages", "--now", now)
    store.expect("sql", "SELECT count(*) FROM bars")
