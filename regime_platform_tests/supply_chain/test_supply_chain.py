"""The list of packages is whole, valid and repeatable, and an audit is never green by silence."""

import re
from email.message import Message
from typing import Any

import pytest

from regime_platform_tests.supply_chain.audit import judged, refused
from regime_platform_tests.supply_chain.licences import is_allowed, licence_of, licences
from regime_platform_tests.supply_chain.locks import RUNTIME_LOCK, TEST_LOCK, read_lock
from regime_platform_tests.supply_chain.sbom import problem_of, sbom_text


def test_a_lock_is_read_whole() -> None:
    for path in (RUNTIME_LOCK, TEST_LOCK):
        text, packages = path.read_text(), read_lock(path)

        assert len(packages) == len(re.findall(r"^[a-z0-9].*==", text, re.MULTILINE)) > 100
        assert sum(len(each.hashes) for each in packages) == text.count("--hash=sha256:")
        assert all(each.hashes and each.needed_by for each in packages)
        names = {each.name for each in packages} | {"regime-platform"}
        assert {name for each in packages for name in each.needed_by} <= names


def test_the_list_of_packages_is_valid_and_the_same_each_time() -> None:
    text = sbom_text(RUNTIME_LOCK)

    assert problem_of(text) == ""
    assert text == sbom_text(RUNTIME_LOCK)
    assert text.count('"type": "library"') == len(read_lock(RUNTIME_LOCK))
    assert problem_of(text.replace('"specVersion"', '"spec"', 1))
    assert problem_of(text.replace('"library"', '"unknown"', 1))


def test_every_installed_package_has_an_allowed_licence() -> None:
    stated = licences([*read_lock(RUNTIME_LOCK), *read_lock(TEST_LOCK)])

    assert refused(stated) == []
    assert sum(licence is not None for licence in stated.values()) > 150


@pytest.mark.parametrize(
    ("expression", "is_fine"),
    [
        ("MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND (GPL-3.0-only OR AGPL-3.0-only)", False),
        ("GPL-3.0-or-later", False),
        ("LicenseRef-Proprietary", False),
        ("", False),
    ],
)
def test_all_parts_of_a_licence_count_and_of_alternatives_one(
    expression: str, is_fine: bool
) -> None:
    assert is_allowed(expression) is is_fine
    assert (refused({"x": expression}) == []) is is_fine


def test_a_licence_is_read_from_whatever_states_it() -> None:
    def stated(**fields: str) -> str:
        metadata = Message()
        for name, text in fields.items():
            metadata[name.replace("_", "-")] = text
        return licence_of("x", metadata)

    classifier = "License :: OSI Approved :: MIT License"
    assert stated(License_Expression="ISC", Classifier=classifier) == "ISC"
    assert stated(Classifier=classifier, License="long text") == "MIT"
    assert stated(License="BSD\n\nCopyright") == "BSD-3-Clause"
    assert stated() == ""


def test_what_was_not_checked_is_counted_and_a_vulnerability_fails() -> None:
    clean: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
    faulty = {
        "name": "b",
        "version": "2",
        "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}],
    }
    skipped = {"name": "c", "skip_reason": "not found"}

    lines, is_vulnerable = judged({"dependencies": [clean, faulty, skipped]}, 4)
    assert is_vulnerable
    assert lines == [
        "vulnerabilities: 1 in 2 of 4 packages",
        "  b 2: PYSEC-1, mended in 2.1",
        "  NOT CHECKED: 2 packages without advisories: c",
    ]
    assert judged({"dependencies": [clean]}, 1) == (
        ["vulnerabilities: 0 in 1 of 1 packages"],
        False,
    )
    assert judged(None, 3) == (
        ["vulnerabilities: NOT CHECKED, 0 of 3 packages: no advisories reached"],
        False,
    )
