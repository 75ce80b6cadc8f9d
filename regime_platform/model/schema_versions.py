"""The versions of table definitions, by the digest of each definition that was ever in use.

A changed column makes a definition without a version, and importing the schema fails until it has
one: add a line here, a migration, and a line in docs/schemas.md; never change an existing line.
"""

from collections.abc import Mapping
from types import MappingProxyType

#: Version 1 of both is that of the legacy engine: not defined here, but readable.
BARS_VERSIONS: Mapping[str, int] = MappingProxyType(
    {"b3954ddc788115e227ec2a1beeee04271f9276d49d7907a1f984af1a43ff23c7": 2}
)
RESULT_VERSIONS: Mapping[str, int] = MappingProxyType(
    {"29d43f9c15f7b003849f0baeb920f3da990a28b486d282f5abd51676ba19b8f2": 2}
)


def version_of(digest: str, versions: Mapping[str, int]) -> int:
    """The version of a definition.

    Raises:
        LookupError: this definition has none.
    """
    try:
        return versions[digest]
    except KeyError:
        raise LookupError(
            f"the definition {digest} has no version; give it one in model.schema_versions"
        ) from None
