"""The profile for hours without haste: ``pytest --hypothesis-profile thorough --timeout 0``.

It takes effect where the tests below this folder are named on the command line.
"""

from hypothesis import settings

settings.register_profile("thorough", max_examples=1000, deadline=None)
