"""What can be wrong with what a person gave us.

    ClvError
    ├── ArgumentError    an argument of a function
    ├── DataError        a table: file, column, row
    └── SettingsError    a valuation file: the key

Each message says what is wrong, what was found, where, and what to do. The command line prints it without a traceback and ends with
exit code 2. Anything that is not a `ClvError` is a defect of clvbayes.
"""

__all__ = ["ArgumentError", "ClvError", "DataError", "SettingsError"]


class ClvError(Exception):
    """Something that a person gave is wrong; the message says what to do about it."""


class ArgumentError(ClvError, ValueError):
    """An argument of a public function cannot be used."""


class DataError(ClvError, ValueError):
    """A table cannot be read as it stands."""


class SettingsError(ClvError, ValueError):
    """A valuation file holds a key or a value that cannot be used."""
