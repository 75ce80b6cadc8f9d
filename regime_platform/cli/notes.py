"""What an answer has to say of itself: a line on stderr, before the answer."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from regime_platform.errors import OlderVersionWarning


@contextmanager
def notes_as_messages() -> Iterator[None]:
    """Tells warnings of the platform as messages; those of others stay what they are."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def told(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if not issubclass(category, OlderVersionWarning):
                show(message, category, *rest, **more)
                return
            from regime_platform.cli.screen import messages

            messages().print(str(message), style="yellow", markup=False, soft_wrap=True)

        warnings.simplefilter("always", OlderVersionWarning)
        warnings.showwarning = told
        yield
