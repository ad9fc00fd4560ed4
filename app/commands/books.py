"""Commands on files and engines, without a running core: check, backtest, replay, reports, rejects, keys, config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from app.context import Globals

config_commands = typer.Typer(help="The effective configuration.", rich_markup_mode=None, add_completion=False)


def register(cli: typer.Typer) -> None:
    cli.command("check")(check)
    cli.command("backtest")(backtest)
    cli.command("replay")(replay)
    cli.command("report")(report)
    cli.command("rounds")(rounds)
    cli.command("rejects")(rejects)
    cli.command("keys")(keys)
    config_commands.command("show")(config_show)
    config_commands.callback()(_config)
    cli.add_typer(config_commands, name="config")


def _config() -> None:
    """The effective configuration."""


def _shown(options: Globals, body: dict[str, Any]) -> None:
    """A result of `core.build`: `text` is for people, `ok` false is exit 1."""
    text = body.get("text")
    options.show(body, text if isinstance(text, str) else None, code=0 if body.get("ok", True) else 1)


def check(
    ctx: typer.Context,
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file"),
    price: float = typer.Option(None, min=0.0, help="mid price to place the layers at"),
    live: bool = typer.Option(False, "--live", help="the go-live checklist: asks the real venue, trades nothing"),
    mode: str = typer.Option("paper", help="paper, or live as --live"),
    unproven: str = typer.Option("", help="with --live: why without a passing round on record"),
) -> None:
    """Every planned order against the venue's filters, and the limits against each other, before anything starts.

    With --live the go-live checklist; exit 1 as soon as one item fails.
    """
    from app.built import built

    if mode not in ("paper", "live"):
        raise typer.BadParameter(f"Expected paper or live for --mode, was {mode}")
    chosen = "live" if live else mode
    _shown(ctx.obj, built("check")(ctx.obj.launch(config=config, price=price, mode=chosen, unproven=unproven)))


def backtest(
    ctx: typer.Context,
    config: Path = typer.Option(..., envvar="CONFIG_PATH", help="configuration file"),
    market: list[str] = typer.Option(
        ..., help="recordings, basis:, tape:, bars: (several); or synthetic:HOURS, pair-walk"
    ),
    driver: str = typer.Option("reference", help="reference; compiled is not built yet"),
    round_hours: float = typer.Option(None, min=0.001, max=720, help="length of a round"),
    seed: int = typer.Option(None, min=0, help="seed of the latencies"),
) -> None:
    """Run recordings through the same engine and exchange as paper, with journal, rounds and reports."""
    from app.built import built
    from core.domain.errors import Refused

    if driver == "compiled":
        raise Refused("the compiled driver is not built yet; use --driver reference")
    if driver != "reference":
        raise typer.BadParameter(f"Expected reference or compiled for --driver, was {driver}")
    launch = ctx.obj.launch(
        config=config, market=tuple(market), driver=driver, round_hours=round_hours, seed=seed, headless=True
    )
    _shown(ctx.obj, built("backtest")(launch))


def replay(
    ctx: typer.Context,
    journal: Path = typer.Argument(..., help="a journal file"),
    verify: bool = typer.Option(False, "--verify", help="compare the requests; exit 1 at the first difference"),
    stops: bool = typer.Option(False, "--stops", help="the report of each halt and flatten in it, made again"),
) -> None:
    """Run a journal again: the same requests, or the first difference."""
    from app.built import built

    _shown(ctx.obj, built("stops")(journal) if stops else built("replay")(journal, verify))


def rejects(
    ctx: typer.Context,
    again: bool = typer.Option(False, "--replay", help="decide each one again from the journal"),
) -> None:
    """Refused requests by reason."""
    from app.built import built

    _shown(ctx.obj, built("rejects")(ctx.obj.launch(), again))


def config_show(
    ctx: typer.Context,
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="configuration file"),
) -> None:
    """Every effective value with where it came from, and the hash. Secrets are masked."""
    from app.built import built

    _shown(ctx.obj, built("effective_config")(ctx.obj.launch(config=config)))


def _reports(options: Globals) -> list[Path]:
    """Round reports, newest round first. Their names sort: round-<nnnn>-<utc>.md."""
    folder = options.reports
    return sorted(folder.glob("round-*.md"), reverse=True) if folder.is_dir() else []


def report(
    ctx: typer.Context,
    number: int = typer.Argument(None, metavar="[ROUND]", min=1, help="round number; default: the newest"),
) -> None:
    """Print the report of a round."""
    from core.domain.errors import Refused

    options: Globals = ctx.obj
    found = [path for path in _reports(options) if number is None or path.name.startswith(f"round-{number:04d}-")]
    if not found:
        which = "a round report" if number is None else f"a report of round {number}"
        raise Refused(f"Expected {which} in {options.reports}, was none; list them: perpconsole rounds")
    text = found[0].read_text(encoding="utf-8", errors="replace")
    options.show({"report": str(found[0]), "markdown": text}, text)


def rounds(ctx: typer.Context) -> None:
    """List the rounds that have a report, newest first."""
    options: Globals = ctx.obj
    rows = [_round(path) for path in _reports(options)]
    lines = [f"{row['round']:>5}  {row['utc']:<16}  {row['report']}" for row in rows]
    options.show({"rounds": rows}, "\n".join(lines) or f"no round reports in {options.reports}")


def _round(path: Path) -> dict[str, Any]:
    number, _, utc = path.stem.removeprefix("round-").partition("-")
    return {"round": int(number) if number.isdigit() else number, "utc": utc, "report": str(path)}


def keys(ctx: typer.Context) -> None:
    """The keys of the console, what each does, and where."""
    from screens.actions import built as actions

    rows = [{"keys": action.label, "does": action.does, "where": action.scope} for action in actions()]
    width = max(len(row["keys"]) for row in rows)
    text = "\n".join(f"{row['keys']:<{width}}  {row['does']} ({row['where']})" for row in rows)
    ctx.obj.show({"keys": rows}, text)
