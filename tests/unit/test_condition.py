"""How a pipeline is, as it is told."""

from pg_tide.condition import SILENT, silent
from pg_tide.errors import TransientError


def test_without_acknowledgements_it_says_what_keeps_the_client_away() -> None:
    trouble = TransientError("no token", reason="oauth_token_unavailable", hint="Look there.")
    told = silent(trouble)
    assert (told.state, told.reason, told.hint) == (
        "retrying",
        "oauth_token_unavailable: no token",
        "Look there.",
    )
    assert silent(None) is SILENT
