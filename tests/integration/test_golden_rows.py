"""The rows of which there are golden records are what PostgreSQL prints of them."""

import json
from pathlib import Path

from tests.fixtures.sql import Connection

GOLDEN = Path(__file__).parents[1] / "golden" / "debezium"


async def test_rows_of_golden_records_are_as_postgresql_prints_them(db: Connection) -> None:
    await db.execute((GOLDEN / "item.sql").read_text("utf-8"))
    rows = await db.fetch("select id, to_jsonb(item)::text as row from item order by id")
    printed = {str(row["id"]): row["row"] for row in rows}
    assert printed == json.loads((GOLDEN / "rows.json").read_text("utf-8"))
