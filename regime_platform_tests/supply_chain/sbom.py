"""`make sbom`: the runtime lock as a CycloneDX document, the same bytes for the same lock."""

import json
import tomllib
import uuid
from hashlib import sha256
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from regime_platform.settings import PROJECT_ROOT
from regime_platform_tests.supply_chain.locks import (
    PROJECT,
    RUNTIME_LOCK,
    LockedPackage,
    read_lock,
)


def main() -> int:
    """Writes the document below dist and prints its path; ends with 1 where it is not valid."""
    text = sbom_text(RUNTIME_LOCK)
    if problem := problem_of(text):
        print(problem)
        return 1
    path = PROJECT_ROOT / "dist" / f"regime_platform-{_version()}.cdx.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"{path.relative_to(PROJECT_ROOT)}: {len(read_lock(RUNTIME_LOCK))} packages")
    return 0


def sbom_text(lock: Path) -> str:
    """The document of a lock; it has no time, and its number follows from the lock."""
    packages = read_lock(lock)
    number = uuid.uuid5(uuid.NAMESPACE_OID, sha256(lock.read_bytes()).hexdigest())
    own = {"type": "application", "bom-ref": PROJECT, "name": PROJECT, "version": _version()}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {"component": own},
        "components": [_component(package) for package in packages],
        "dependencies": [
            {"ref": PROJECT, "dependsOn": _needs(PROJECT, packages)},
            *({"ref": _ref(each), "dependsOn": _needs(each.name, packages)} for each in packages),
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def problem_of(text: str) -> str:
    """What in a document is against the schema; empty where nothing is."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return "" if error is None else f"no valid CycloneDX document: {error}"


def _component(package: LockedPackage) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _ref(package),
        "name": package.name,
        "version": package.version,
        "purl": _ref(package),
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
    }
    if package.marker:
        component["properties"] = [{"name": "python:marker", "value": package.marker}]
    return component


def _needs(name: str, packages: list[LockedPackage]) -> list[str]:
    return [_ref(each) for each in packages if name in each.needed_by]


def _ref(package: LockedPackage) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def _version() -> str:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


if __name__ == "__main__":
    raise SystemExit(main())
