"""docs/reference/python.md: the Python API, from its signatures and docstrings."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import regime_platform as rp
from regime_platform.api.board_page import BoardPage
from regime_platform.api.chart import Chart
from regime_platform.api.explanations import PastExplanation, StoredExplanation
from regime_platform.api.store import Store, open_store
from regime_platform.api.study import StudyAnswer
from regime_platform.query.comparison import Comparison

#: Of what a call gives, where it is no frame.
ANSWERS = (Chart, BoardPage, Comparison, StudyAnswer, StoredExplanation, PastExplanation)
_HEAD = """# Python

    import regime_platform as rp

`rp.board()` and the other calls ask the data root that the environment names; `rp.open(root)` gives
a store with the same calls as methods. The notebook `docs/tutorial.md` shows them with their
answers, `docs/schemas.md` has every column.

In signatures `Symbols` and `Timeframes` are one name or several, `When` is ISO text, a date or a
time, `Missing` is `"raise"` or `"warn"`, and `OwnBars` is a frame or a path."""
_LONG = 96
_WORDS = {"Args": "Arguments"}
_CODE = re.compile(r"(?<!`)``(?!`)(.+?)``(?!`)")
_HEADING = re.compile(r"^(Args|Raises|Example):$", re.MULTILINE)
_DEFAULT = re.compile(r"(?<=: )([^,:]+?)=(?=\S)")
_ENTRY = re.compile(r"^    (\w[\w, ]*):", re.MULTILINE)


def python_page() -> str:
    """The page, calls in the order of the code."""
    calls = [name for name in vars(rp)["__all__"] if callable(getattr(Store, name, None))]
    calls.sort(key=_place)
    links = ", ".join(f"[{name}](#rp{name})" for name in calls)
    parts = [_HEAD, f"Calls: {links}.", f"## Rules of every call\n\n{_text(Store)}"]
    parts += ["## rp.open", *_call("open", open_store)]
    for name in calls:
        parts += [f"## rp.{name}", *_call(name, getattr(Store, name))]
    parts.append("## What calls give beside frames")
    for answer in ANSWERS:
        parts += [f"### {answer.__name__}", *_answer(answer)]
    return "\n\n".join(parts) + "\n"


def _place(name: str) -> tuple[int, int]:
    method = getattr(Store, name)
    classes = [*Store.__mro__[1:], Store]
    owner = next(place for place, each in enumerate(classes) if name in vars(each))
    return owner, inspect.getsourcelines(method)[1]


def _call(name: str, function: Callable[..., Any]) -> Iterator[str]:
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(node, ast.FunctionDef)
    yield f"```python\n{_signature(name, node)}\n```"
    yield _text(function)


def _answer(answer: type) -> Iterator[str]:
    yield _text(answer)
    for name, member in vars(answer).items():
        if not name.startswith("_") and inspect.isfunction(member) and member.__doc__:
            yield from _call(name, member)


def _signature(name: str, node: ast.FunctionDef) -> str:
    """On one line where it fits, else a parameter a line, as an editor shows it."""
    node.name = name
    node.decorator_list, node.body = [], [ast.Pass()]
    node.args.args = [each for each in node.args.args if each.arg != "self"]
    line = ast.unparse(node).split(":\n")[0].removeprefix("def ")
    line = _DEFAULT.sub(r"\1 = ", line).replace("'", '"')
    if len(line) <= _LONG:
        return line
    inside, result = line.removeprefix(f"{name}(").rsplit(") -> ", maxsplit=1)
    parameters = re.split(r", (?=\w+:|\*)|(?<=\*), ", inside)
    return "\n".join([f"{name}(", *(f"    {each}," for each in parameters), f") -> {result}"])


def _text(documented: object) -> str:
    """A docstring: its sections as lists, code as Markdown writes it."""
    text, *sections = _HEADING.split(inspect.getdoc(documented) or "")
    parts = [text.strip()]
    for heading, section in zip(sections[::2], sections[1::2], strict=True):
        entries = section.strip("\n")
        if heading == "Example":
            code = " ".join(entries.split()).strip("`")
            parts.append(f"```python\n{code}\n```")
        else:
            listed = _ENTRY.sub(r"- `\1`:", entries).replace(" " * 8, "  ")
            parts.append(f"{_WORDS.get(heading, heading)}:\n\n{listed}")
    return _CODE.sub(r"`\1`", "\n\n".join(parts))
