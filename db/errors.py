"""Errors that carry the sentence a person may be shown."""

from __future__ import annotations


class PortalError(Exception):
    """An expected failure.

    `message` is a message id (an English sentence with `{named}` places, marked with `N_`);
    `params` fill the places and never hold a personal value, because errors reach logs.
    """

    def __init__(self, message: str, /, **params: object) -> None:
        """Keep the sentence and what fills it."""
        super().__init__(message)
        self.message = message
        self.params = params

    def __str__(self) -> str:
        """Return the English sentence, for logs and the command line."""
        return self.message.format(**self.params) if self.params else self.message
