"""The files of one symbol as a snapshot names them: those stored, or made again as of then."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from regime_platform.audit.as_of import symbol_as_of
from regime_platform.audit.verify.bars import verify_bars
from regime_platform.audit.verify.finding import FindingKind
from regime_platform.audit.verify.results import compare_with_manifest, verify_results
from regime_platform.bar_store.canonical import write_parts
from regime_platform.bar_store.layout import SymbolPaths
from regime_platform.bar_store.manifest_file import read_manifest
from regime_platform.bar_store.verdicts import read_verdict
from regime_platform.compute_db.connection import write_ahead_log
from regime_platform.compute_db.proof import file_stat
from regime_platform.errors import BarsError, RegimeError, ResultsError, remedy_of
from regime_platform.files import fill_file
from regime_platform.manifests.bar_manifest import BarManifest
from regime_platform.manifests.compute_manifest import ComputeManifest
from regime_platform.manifests.lineage import ResultOrigin
from regime_platform.manifests.manifest import ManifestFacts, SealedManifest
from regime_platform.manifests.recipe import Recipe
from regime_platform.manifests.snapshot_entry import SymbolEntry
from regime_platform.pipeline.compute.inputs import Inputs
from regime_platform.pipeline.compute.results import make_results
from regime_platform.pipeline.gate.intact import named_parts
from regime_platform.pipeline.run_workspace import RunWorkspace
from regime_platform.query.explain import eras_of

Files = Mapping[str, bytes]
Facts = TypeVar("Facts", bound=ManifestFacts)

_LOOKS = 3  # at a symbol that is being written: more than a writer can finish in between


def stored_files(paths: SymbolPaths, entry: SymbolEntry) -> Files | None:
    """Name below the symbol's folder -> bytes, all of them proven to be what a snapshot names.

    None where they are no longer those: the symbol has changed.

    Raises:
        RegimeError: they should be, and are damaged or missing; names what, and the remedy.
    """
    for look in range(_LOOKS):
        before = file_stat(paths.compute_db) if paths.compute_db.exists() else None
        bars = _document(paths.manifest, BarManifest)
        results = _document(paths.compute_manifest, ComputeManifest)
        named = (entry.manifest.digest, entry.compute_manifest.digest)
        if (bars.digest, results.digest) != named or _has_changed(paths, bars.manifest):
            return None
        try:
            return _proven_files(paths, bars.manifest, results)
        except RegimeError:
            # a writer at work is no damage: the symbol is read again
            is_untouched = paths.compute_db.exists() and file_stat(paths.compute_db) == before
            if is_untouched or look == _LOOKS - 1:
                raise
    return None


def _document(path: Path, facts: type[Facts]) -> SealedManifest[Facts]:
    document = read_manifest(path, facts)
    if document is None:
        raise BarsError(
            f"{path} is missing; {remedy_of(path.parent.name)}", code="missing-manifest"
        )
    return document


def _has_changed(paths: SymbolPaths, bars: BarManifest) -> bool:
    """True where bars or results are ahead of the manifests, as an unfinished run leaves them."""
    verdict = read_verdict(paths)
    has_other_bars = verdict is None or verdict.promoted != bars.promoted
    return has_other_bars or write_ahead_log(paths.compute_db).exists()


def _proven_files(
    paths: SymbolPaths, facts: BarManifest, manifest: SealedManifest[ComputeManifest]
) -> Files | None:
    """The files, verified on the copies that go into the bundle."""
    names = [path.name for path in (paths.manifest, paths.compute_manifest, paths.compute_db)]
    promoted = facts.promoted
    names += [name for name, _ in named_parts(promoted)]
    with TemporaryDirectory() as folder:
        copy = SymbolPaths(Path(folder) / paths.symbol)
        files = {name: _copied(paths.folder / name, copy.folder / name) for name in names}
        bars = verify_bars(copy, promoted)
        results = verify_results(copy, bars.blocks)
        findings = [*bars.findings, *results.findings]
        in_force = {name: bars_in_force.digest for name, bars_in_force in promoted.items()}
        findings += compare_with_manifest(paths.symbol, results, manifest, in_force)
    if findings and all(finding.kind is FindingKind.UNFINISHED for finding in findings):
        return None
    if findings:
        faults = "; ".join(f"{finding.what}: {finding.reason}" for finding in findings)
        raise ResultsError(f"damaged ({faults}); {remedy_of(paths.symbol)}", code="symbol-damaged")
    return files


def _copied(source: Path, target: Path) -> bytes:
    try:
        data = source.read_bytes()
    except OSError as error:
        reason = f"{source} cannot be read ({error.strerror})"
        raise BarsError(
            f"{reason}; {remedy_of(source.parent.name)}", code="unreadable-file"
        ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    fill_file(target, data)
    return data


def rebuilt_files(
    workspace: RunWorkspace, symbol: str, entry: SymbolEntry, taken_at: dt.datetime
) -> Files:
    """The files of a symbol rebuilt from the raw log; bars and results must be those named.

    Raises:
        ResultsError: they are not, or parameters, code or libraries are no longer those of then.
        UsageError: the symbol has left the universe.
        BarsError: the raw log is damaged.
    """
    recipe = entry.recipe
    _require_same_recipe(workspace, symbol, recipe)
    instrument = workspace.universe.instrument(symbol)
    known = symbol_as_of(workspace, instrument, taken_at)
    digests = {name: series.digest for name, series in known.series.items()}
    if digests != recipe.bars:
        raise ResultsError(
            _cannot(symbol, "the raw log gives other bars as of then"),
            code="raw-log-gives-other-bars",
        )
    with TemporaryDirectory() as folder:
        paths = SymbolPaths(Path(folder))
        promoted = {
            name: write_parts(paths.bars(name), name, series.bars, symbol)
            for name, series in known.series.items()
        }
        inputs = Inputs(instrument, paths, promoted, eras_of(recipe).eras, workspace.params)
        made = ResultOrigin(recipe, entry.code)
        lineage, _ = make_results(inputs, made, force=True)
        if lineage.tables != entry.tables:
            raise ResultsError(
                _cannot(symbol, "the same recipe gives other numbers now"),
                code="recipe-gives-other-numbers",
            )
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(paths.folder.rglob("*"))
            if path.is_file()
        }


def _require_same_recipe(workspace: RunWorkspace, symbol: str, recipe: Recipe) -> None:
    installed = {
        "params_fingerprint": workspace.params.fingerprint(),
        "compute_digest": workspace.code.compute_digest,
        "libraries": workspace.code.calculating,
    }
    others = [name for name, value in installed.items() if getattr(recipe, name) != value]
    if others:
        names = ", ".join(others).replace("_", " ")
        raise ResultsError(
            _cannot(symbol, f"{names} installed are not those of then"), code="recipe-not-installed"
        )


def _cannot(symbol: str, why: str) -> str:
    return (
        f"{symbol} has changed since the snapshot and cannot be rebuilt as of it: {why}; export a "
        "snapshot when it is taken, or with the code that took it"
    )
