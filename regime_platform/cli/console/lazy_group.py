"""Groups of commands whose modules are imported when a command is called or its help is asked."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from inspect import Parameter, Signature, signature
from typing import Any, NamedTuple, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from regime_platform.cli.console.options import Options
from regime_platform.cli.console.targets import function_of


class Command(NamedTuple):
    """A command: its function as ``module:function`` below ``cli``, and its help."""

    target: str
    help: str
    example: str


class Group(NamedTuple):
    """A group of commands.

    Where the first word names none of them, ``default`` is called. A group runs its default also
    without any word if it ``needs_words`` for nothing; else that shows the help.
    """

    help: str
    commands: Mapping[str, Command]
    default: str = ""
    needs_words: bool = True


Entry = Command | Group


class LazyGroup(TyperGroup):
    """Lists its entries, by panel of the help, and loads the one that is called."""

    def __init__(
        self, panels: Mapping[str, Mapping[str, Entry]], *, default: str = "", **options: Any
    ) -> None:
        super().__init__(**options)
        self.default = default
        self.entries = {name: panel[name] for panel in panels.values() for name in panel}
        for title, panel in panels.items():
            for name, entry in panel.items():
                self.commands[name] = TyperCommand(name, help=entry.help, rich_help_panel=title)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Calls the default where the first word names no command."""
        is_named = args[:1] and args[0] in (*self.commands, *ctx.help_option_names)
        if self.default and not is_named and (args or not self.no_args_is_help):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The commands, and the words with which the default may begin."""
        completions: list[Any] = super().shell_complete(ctx, incomplete)
        if self.default:
            default = load(self.default, self.entries[self.default])
            arguments = (each for each in default.params if each.param_type_name == "argument")
            if (first := next(arguments, None)) is not None:
                completions += first.shell_complete(ctx, incomplete)
        return completions

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, with its module imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(str(name), self.entries[str(name)]), rest


def load(name: str, entry: Entry) -> TyperGroup | TyperCommand:
    """The command or group of an entry."""
    if isinstance(entry, Group):
        return LazyGroup(
            {"Commands": entry.commands},
            default=entry.default,
            name=name,
            help=entry.help + (f" Without a command: {entry.default}." if entry.default else ""),
            no_args_is_help=entry.needs_words,
        )
    app = typer.Typer(add_completion=False)
    app.command(name, help=entry.help, epilog=f"Example: {entry.example}")(
        unbundled(function_of(entry.target))
    )
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand)
    return command


def unbundled(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """The command with the options of its bundles as parameters of its own."""
    bundles: dict[str, type[Any]] = {}
    parameters: list[Parameter] = []
    for parameter in signature(command).parameters.values():
        if isinstance(parameter.annotation, type) and issubclass(parameter.annotation, Options):
            bundles[parameter.name] = parameter.annotation
            parameters += _parameters(parameter.annotation)
        else:
            parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))

    def run(**values: Any) -> int | None:
        for name, bundle in bundles.items():
            values[name] = bundle(
                **{option.name: values.pop(option.name) for option in fields(bundle)}
            )
        return command(**values)

    run.__name__ = command.__name__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return run


def _parameters(bundle: type[Any]) -> list[Parameter]:
    annotations = get_type_hints(bundle, include_extras=True)
    return [
        parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=annotations[parameter.name])
        for parameter in signature(bundle).parameters.values()
    ]
