"""WORLD: the `regime` command: parse, call, print; what a command does lives in other rooms."""
