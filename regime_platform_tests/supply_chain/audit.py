"""`make audit`: known vulnerabilities and licences of every locked package.

What could not be checked is counted and named, so that silence is never taken for health; it ends
with 0 only because a machine without a network has to run the other checks.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from regime_platform_tests.supply_chain.licences import is_allowed, licences
from regime_platform_tests.supply_chain.locks import RUNTIME_LOCK, TEST_LOCK, read_lock

_PATIENCE = 120  # seconds for all advisories
_MOST_NAMED = 8


def main() -> int:
    """Ends with 1 where a package has a known vulnerability or a licence that is not allowed."""
    packages = [*read_lock(RUNTIME_LOCK), *read_lock(TEST_LOCK)]
    names = sorted({package.name for package in packages})
    stated = licences(packages)
    counts = Counter(licence for licence in stated.values() if licence is not None)
    print(f"licences of {len(names)} packages of both locks")
    for licence, count in sorted(counts.items()):
        print(f"  {count:>4}  {licence or 'none stated'}")
    absent = [name for name, licence in stated.items() if licence is None]
    print(f"  {len(absent):>4}  not read, for other platforms: {', '.join(absent)}")
    faults = refused(stated)
    lines, vulnerable = judged(advisories(), len(names))
    print(*lines, *faults, sep="\n")
    return 1 if vulnerable or faults else 0


def refused(stated: Mapping[str, str | None]) -> list[str]:
    """A sentence for every package whose licence is not allowed."""
    return [
        f"{name} is under {licence or 'no stated licence'}, which licences.py does not allow"
        for name, licence in stated.items()
        if licence is not None and not is_allowed(licence)
    ]


def judged(report: Mapping[str, Any] | None, packages: int) -> tuple[list[str], bool]:
    """What to print of a report of pip-audit, and whether a package is vulnerable."""
    if report is None:
        return [f"vulnerabilities: NOT CHECKED, 0 of {packages} packages: no advisories reached"], (
            False
        )
    entries = {entry["name"]: entry for entry in report["dependencies"]}
    skipped = [name for name, entry in entries.items() if "skip_reason" in entry]
    checked = len(entries) - len(skipped)
    vulnerable = [
        f"  {name} {entry['version']}: {fault['id']}, mended in "
        f"{', '.join(fault['fix_versions']) or 'no version yet'}"
        for name, entry in sorted(entries.items())
        for fault in entry.get("vulns", ())
    ]
    lines = [f"vulnerabilities: {len(vulnerable)} in {checked} of {packages} packages", *vulnerable]
    if checked < packages:
        shown = ", ".join(skipped[:_MOST_NAMED]) + (" ..." if len(skipped) > _MOST_NAMED else "")
        lines.append(f"  NOT CHECKED: {packages - checked} packages without advisories: {shown}")
    return lines, bool(vulnerable)


def advisories() -> Mapping[str, Any] | None:
    """pip-audit's report of both locks; None where it could not make one in time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
        command += ["--progress-spinner", "off", "--format", "json", "--output", str(path)]
        command += ["--timeout", "5", *_options("-r", (RUNTIME_LOCK, TEST_LOCK))]
        try:
            subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
            report: Mapping[str, Any] = json.loads(path.read_text())
        except (subprocess.TimeoutExpired, OSError, ValueError):
            return None
        return report


def _options(name: str, paths: Sequence[Path]) -> list[str]:
    return [word for path in paths for word in (name, str(path))]


if __name__ == "__main__":
    raise SystemExit(main())
