"""What others wrote (keys, payloads, errors that quote them), so that a terminal may have it.

As it is, a control character in it would move the cursor, colour what follows, or feign a line.
"""


def visible(text: str, *, keep: str = "") -> str:
    """A text with its control and invisible characters written out, but for those to keep."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else repr(char)[1:-1] for char in text
    )
