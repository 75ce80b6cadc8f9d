"""How many generated examples a property is tried on: few with every change, many in the long run.

`make test-long` chooses the profile ``thorough``; any run can: ``pytest --hypothesis-profile
thorough --timeout 0``.
"""

from collections.abc import Collection

from hypothesis import HealthCheck, settings

_THOROUGH = "thorough"
settings.register_profile(_THOROUGH, max_examples=1000, deadline=None)


def is_thorough() -> bool:
    """Whether this is the long run."""
    return settings.get_current_profile_name() == _THOROUGH


def examples(
    few: int,
    many: int = 1000,
    *,
    are_fixed: bool = False,
    unchecked: Collection[HealthCheck] = (),
) -> settings:
    """So many examples; where ``are_fixed``, the few are the same every time."""
    if are_fixed and not is_thorough():
        fixed = settings(derandomize=True, database=None)
    else:
        fixed = settings()
    count = many if is_thorough() else few
    return settings(fixed, max_examples=count, deadline=None, suppress_health_check=unchecked)
