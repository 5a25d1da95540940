"""Every option, declared once: SQL, docs, --help and the relay read it here. Door to pydantic."""

from pg_tide.config.catalogue import OPTIONS, option_rows
from pg_tide.config.pipeline import PipelineConfig

__all__ = ["OPTIONS", "PipelineConfig", "option_rows"]
