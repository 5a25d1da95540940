"""What the sections of wire formats have in common: where their options stand."""

from typing import ClassVar

from pg_tide.config.option import Section


class WireSection(Section):
    """Members of `wire_config` that one format has, or several share."""

    prefix: ClassVar[str] = "wire_config."
