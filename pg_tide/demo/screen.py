"""The demo as a live screen: what is going on, the numbers, the last records, how to join in."""

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pg_tide.demo.figures import Figures
from pg_tide.demo.stage import Stage
from pg_tide.demo.texts import EXPLANATION, duration, suggestions

_GOOD = {"running", "idle"}
_FEWEST_ROWS = 4


class Screen:
    """The terminal's other screen, from `open` to `close`; what was there before comes back."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, screen=True, auto_refresh=False)
        self._stage: Stage | None = None

    def open(self, stage: Stage) -> None:
        """Take the screen."""
        self._stage = stage
        self._live.start()

    def show(self, figures: Figures) -> None:
        """Draw everything anew, as large as the terminal is now."""
        if self._stage is not None:
            self._live.update(self._whole(self._stage, figures), refresh=True)

    def close(self) -> None:
        """Give the screen back."""
        self._live.stop()

    def _whole(self, stage: Stage, figures: Figures) -> Group:
        head: list[RenderableType] = [Text(EXPLANATION, style="dim"), Text()]
        numbers: list[RenderableType] = [_numbers(figures), *_problems(figures), Text()]
        foot: list[RenderableType] = [
            Rule(style="dim"),
            _join_in(stage),
            Text(_ending(stage, figures), style="dim"),
        ]
        title = _title(figures)
        if self._height(title, *head, *numbers, *foot) + _FEWEST_ROWS > self._console.height:
            head = []
        taken = self._height(title, *head, *numbers, *foot)
        rows = max(self._console.height - taken, _FEWEST_ROWS) - 1
        return Group(title, *head, *numbers, _records(figures, rows), *foot)

    def _height(self, *parts: RenderableType) -> int:
        return sum(len(self._console.render_lines(part)) for part in parts)


def _title(figures: Figures) -> Rule:
    doing = ", waiting for the rest to arrive" if figures.ending else ""
    return Rule(f"[bold]pg-tide demo[/], {figures.seconds:,.0f} s{doing}", style="cyan")


def _numbers(figures: Figures) -> Table:
    ledger, status = figures.ledger, figures.status
    state = Text(status.state, style="green" if status.state in _GOOD else "bold yellow")
    lag = "-" if status.pending is None else f"lag {status.pending:,} messages"
    table = Table.grid(padding=(0, 3), expand=False)
    for style in ("bold", "", "", ""):
        table.add_column(style=style, no_wrap=True)
    table.add_row(
        "application",
        f"{ledger.published:,} committed",
        f"{ledger.rolled_back:,} rolled back",
        f"{figures.publish_rate:,.0f}/s",
    )
    table.add_row("relay", state, lag, f"{duration(status.lag_seconds)} behind")
    table.add_row(
        "consumer",
        f"{ledger.delivered:,} consumed",
        f"{ledger.pending:,} on their way",
        f"{figures.delivery_rate:,.0f}/s",
    )
    median, slow = figures.latency
    table.add_row(
        "latency", f"p50 {duration(median)}", f"p99 {duration(slow)}", "COMMIT to consumer"
    )
    table.add_row(
        "proof",
        *(
            Text(f"{count:,} {what}", style="bold red" if count else "green")
            for count, what in (
                (ledger.repeated, "repeated"),
                (ledger.out_of_order, "out of order"),
                (ledger.phantoms, "rolled back but seen"),
            )
        ),
    )
    return table


def _problems(figures: Figures) -> list[RenderableType]:
    return [Text(problem, style="bold yellow") for problem in figures.problems]


def _records(figures: Figures, rows: int) -> Table:
    """The last records, newest first; those of others stay on top, as they would soon be gone."""
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("topic", "partition", "offset", "key", "op"):
        table.add_column(name, no_wrap=True, justify="right" if name == "offset" else "left")
    table.add_column("value", no_wrap=True, overflow="ellipsis", ratio=1)
    chosen = [(one, "bold yellow") for one in figures.guests[:rows]]
    chosen += [(one, "") for one in figures.recent[: rows - len(chosen)]]
    for one, style in chosen:
        place = one.topic, str(one.partition), str(one.kafka_offset)
        table.add_row(*(Text(text) for text in (*place, one.key, one.op, one.value)), style=style)
    for _ in range(rows - len(chosen)):
        table.add_row()
    return table


def _join_in(stage: Stage) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    if stage.psql is not None:
        table.add_row("join in", Text(stage.psql, style="cyan"))
    for number, (sql, effect) in enumerate(suggestions(stage.names)):
        line = Text(sql, style="cyan")
        line.append(f"  {effect}" if effect else "", style="not cyan dim")
        table.add_row("" if number else "try", line)
    return table


def _ending(stage: Stage, figures: Figures) -> str:
    if figures.ending:
        return "Ctrl-C again does not wait."
    return f"Ctrl-C ends it, and nothing stays. Metrics: http://{stage.relay.http}/metrics"
