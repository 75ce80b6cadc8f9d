"""The second half of an explanation: which bars, from which fetches, by which code, proven how."""

from collections.abc import Mapping
from typing import Any

from regime_platform.cli.past import print_terms
from regime_platform.cli.screen import results

Facts = Mapping[str, Any]


def print_origin(facts: Facts) -> None:
    """Bars, fetches, code and manifests, as far as the facts have them."""
    used, bar = facts["bars_used"], facts["bar"]
    _say("made from", "bold")
    prices = ", ".join(f"{name} {value:,.10g}" for name, value in bar.items() if value is not None)
    _say(f"  bar {facts['ts']}: {prices}")
    span = f"{used['first']} to {used['last']}"
    _say(f"  {used['count']:,} bars, {span}, none later; digest {used['digest']}")
    if "then" in facts:
        print_terms(facts["then"])
        return
    _print_revisions(facts["origin"])
    _print_code(facts["made_from"])
    _print_manifests(facts["manifests"])
    for note in facts["notes"]:
        _say(f"  mind: {note}", "yellow")


def _print_revisions(origin: Facts) -> None:
    for number, one in enumerate(origin["revisions"], 1):
        basis = one["price_basis"].replace("_", " ")
        told = f"close {one['close']:,.10g} from {one['source']} ({basis}), fetched"
        _say(f"  revision {number}: {told} {one['fetched_at']}, raw file {one['raw_file']}")
    for one in origin["decisions"]:
        told = f"{one['kind']} by {one['by']} {one['at']}: {one['reason']}"
        _say(f"  decision {one['id']}: {told}")


def _print_code(made: Facts) -> None:
    code = made["code"]
    commit = code.get("commit") or "no git commit"
    dirty = ", with uncommitted changes" if code.get("is_dirty") else ""
    same = "the code installed" if made["is_installed_code"] else "not the code installed"
    _say(f"  code {code.get('package')}, {commit}{dirty}; {same}")
    _say(f"  compute sources {made['compute_digest']}")
    _say(f"  parameters {made['params_fingerprint']}")
    libraries = ", ".join(f"{name} {found}" for name, found in made["libraries"].items())
    _say(f"  calculated by {libraries}")


def _print_manifests(manifests: Facts) -> None:
    for kind in ("bars", "results"):
        one = manifests[kind]
        if one is None:
            _say(f"  there is no manifest of the {kind}", "yellow")
            continue
        recipe = f", recipe {one['recipe_digest'][:12]}" if "recipe_digest" in one else ""
        told = f"{one['file']} {one['number']} of {one['written_at']}, digest {one['digest']}"
        _say(f"  {told} (content {one['content_digest'][:12]}{recipe})")
        if not one["is_whole"]:
            _say(f"  {one['file']} was changed after it was written", "bold red")


def _say(text: str, style: str = "") -> None:
    results().print(text, style=style, soft_wrap=True)
