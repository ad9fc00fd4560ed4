"""Commands that act on a running core (`pause resume halt flatten round finish`) and `panic`, which needs none."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from app.context import Globals
    from core.control.evidence import Evidence
    from core.control.outcome import Outcome
    from core.control.stopping import PanicVenue
    from core.domain.commands import AnyCommand, Flatten, Halt

WARM_AFTER_S = 0.1

round_commands = typer.Typer(help="The running round.", rich_markup_mode=None, add_completion=False)


def register(cli: typer.Typer) -> None:
    cli.command("pause")(pause)
    cli.command("resume")(resume)
    cli.command("halt")(halt)
    cli.command("flatten")(flatten)
    cli.command("panic")(panic)
    round_commands.command("finish")(finish)
    round_commands.callback()(_round)
    cli.add_typer(round_commands, name="round")


def _round() -> None:
    """The running round."""


def pause(ctx: typer.Context, reason: str = typer.Option("operator", help="for the audit")) -> None:
    """Pull all quotes, keep exits. Not latched."""
    from core.domain.commands import Pause

    do(ctx.obj, Pause(reason=reason))


def finish(ctx: typer.Context) -> None:
    """End the running round now, as its timer would, and write its report."""
    from core.domain.commands import FinishRound

    do(ctx.obj, FinishRound())


def do(options: Globals, command: AnyCommand) -> None:
    """One command to the core; its refusal is exit 1."""
    from core.control.client import ControlClient
    from core.control.protocol import Do
    from core.domain.errors import Refused, Unavailable

    try:
        with ControlClient(options.state) as client:
            reply = client.ask(Do(command=command))
    except (Unavailable, FileNotFoundError) as error:
        raise Refused(f"{error}; start one with: perpconsole run") from error
    if not reply.ok:
        raise Refused(reply.text or "the core refused without a reason")
    options.show({"ok": True, "text": reply.text}, reply.text or "done")


def resume(
    ctx: typer.Context,
    account: str = typer.Option("", help="the word on mainnet: the account's name"),
    word: str = typer.Option("", help="the word elsewhere: arm"),
    reason: str = typer.Option("", help="why the halt may end (needed after a halt)"),
) -> None:
    """Quote again after a pause; after a halt: re-arm, with a reason and a typed word."""
    from core.control.client import ControlClient
    from core.control.protocol import Status
    from core.domain.commands import Rearm, Resume
    from core.domain.errors import Refused, Unavailable

    options: Globals = ctx.obj
    try:
        with ControlClient(options.state) as client:
            body = client.ask(Status()).body
    except (Unavailable, FileNotFoundError) as error:
        raise Refused(f"{error}; a halt is cleared by the core that holds the lock only: perpconsole run") from error
    typed = account or word
    if not body.get("gate_closed"):
        do(options, Resume(word=typed or "y"))
        return
    wanted = str(body.get("account", "")) if body.get("network") == "mainnet" else "arm"
    if not typed and sys.stdin.isatty():
        typed = typer.prompt(f"halted: {body.get('reason') or body.get('stop')}\ntype {wanted} to re-arm", err=True)
    if typed != wanted:
        raise Refused(f"Expected the typed word {wanted} (--word or --account), was {typed or 'nothing'}")
    if not reason.strip():
        raise Refused("Expected --reason, was none; say why the halt may end")
    do(options, Rearm(word=typed, reason=reason))


def halt(
    ctx: typer.Context,
    reason: str = typer.Option("operator", help="for the audit"),
) -> None:
    """No new risk, cancel our orders, keep positions, latch. Exit 2 when the venue confirms."""
    from core.domain.commands import Halt

    _stop(ctx.obj, Halt(reason=reason))


def flatten(
    ctx: typer.Context,
    scope: str = typer.Option("ours", help="ours or account"),
    reason: str = typer.Option("operator", help="for the audit"),
) -> None:
    """Halt, then close every position. Exit 0 when the venue says zero, twice."""
    from core.domain.commands import Flatten

    _stop(ctx.obj, Flatten(reason=reason, scope=_scope(scope)))


def _scope(text: str) -> str:
    if text not in ("ours", "account"):
        raise typer.BadParameter(f"Expected ours or account for --scope, was {text}")
    return text


def _stop(options: Globals, command: Halt | Flatten) -> None:
    """Close the gate through the socket and follow the stop to its end."""
    from core.control.client import ControlClient
    from core.control.outcome import DUST, MEANING, UNVERIFIED
    from core.control.protocol import ACK_MS, STALLED_MS
    from core.domain.errors import Refused, Unavailable

    try:
        client = ControlClient(options.state)
    except (Unavailable, FileNotFoundError) as error:
        raise Refused(f"{error}; without a core: perpconsole panic (or panic --halt-only)") from error
    steps = []
    text, code, report = "", UNVERIFIED, ""
    with client:
        try:
            ack = client.stop(command, ACK_MS / 1e3)
            _say(options, f"gate closed in {ack.closed_ns / 1e6:.3f} ms ({ack.stop_id})")
            for step in client.progress(STALLED_MS / 1e3):
                line = f"{step.run}: {step.orders_left} orders, {step.positions_left} positions left, {step.verified}"
                if not steps or steps[-1] != line:
                    _say(options, line)
                steps.append(line)
                code, report = step.code, step.report or report
                if step.done and code == DUST:
                    text = step.text
        except Unavailable as error:
            text = f"{error}; not verified; next: perpconsole panic"
    meaning = MEANING[code]
    if report:
        _say(options, f"evidence: {report}")
    body = {"code": code, "meaning": meaning, "steps": steps, "text": text, "report": report}
    options.show(body, text or meaning, code)


def _say(options: Globals, text: str) -> None:
    if not options.json:
        print(text, flush=True)


def panic(
    ctx: typer.Context,
    halt_only: bool = typer.Option(False, "--halt-only", help="cancel, keep positions (also FLATTEN=false)"),
    scope: str = typer.Option("account", help="account or ours"),
    symbol: str = typer.Option("", envvar="SYMBOL", help="only this instrument"),
    config: Path = typer.Option(None, envvar="CONFIG_PATH", help="noted in the evidence; a stop needs none"),
    close_reachable: bool = typer.Option(
        False, "--close-reachable", help="close a pair's leg though its other leg's venue does not answer"
    ),
    no_kill_holder: bool = typer.Option(False, "--no-kill-holder", help="leave a core that does not answer alive"),
    reason: str = typer.Option("panic", help="for the evidence"),
) -> None:
    """Stop everything even when the console is dead: latch, ask the core, end it if it is stuck, do it ourselves."""
    from app.session import harden
    from core.clock import SystemClock
    from core.control.evidence import Evidence
    from core.control.panic import Panic, run_panic

    options: Globals = ctx.obj
    harden()
    clock = SystemClock()
    evidence = Evidence(clock, lambda text: _say(options, text))
    only = halt_only or not _wants_flatten(os.environ.get("FLATTEN", ""), evidence)
    if config is not None:
        evidence.note("config", f"{config}{'' if config.is_file() else ' (not there; a stop needs none)'}")
    asked = Panic(
        state_dir=options.state, reports=options.reports, verb="halt" if only else "flatten", scope=_scope(scope),
        symbol=symbol, kill_holder=not no_kill_holder, reason=reason, close_reachable=close_reachable,
    )  # fmt: skip
    _warm(options.state)
    code = run_panic(
        asked,
        clock,
        evidence,
        lambda: _accounts(asked.state_dir),
        lambda: _live(asked.state_dir, asked.scope, evidence),
    )
    body = evidence.body()
    options.show(body, f"{code} {body['meaning']}", code)


def _accounts(state_dir: Path) -> Sequence[PanicVenue]:
    from core.clock import SystemClock
    from core.control.paper_account import open_accounts

    return open_accounts(state_dir, SystemClock(), "panic", os.environ.get("PERP_ALLOW_FILESYSTEM") == "1")


def _warm(state_dir: Path) -> None:
    """Load the venue library beside the question to the core, once the latch and that question have had their time."""
    from importlib import import_module
    from threading import Event, Thread

    def load() -> None:
        Event().wait(WARM_AFTER_S)
        import_module("core.venues.ccxt.closer")

    if os.path.lexists(state_dir / "venues.json"):  # its module would load the kernels before the latch
        Thread(target=load, daemon=True).start()


def _live(state_dir: Path, scope: str, evidence: Evidence) -> Sequence[PanicVenue | Outcome]:
    from app.keys import keys_of
    from core.clock import SystemClock
    from core.control.accounts import open_live

    return open_live(state_dir, keys_of, SystemClock(), evidence.note, scope=scope, answers=evidence.answered)


def _wants_flatten(text: str, evidence: Evidence) -> bool:
    """FLATTEN of S3-55. A word that is neither yes nor no only halts: closing costs money, cancelling does not."""
    word = text.strip().lower()
    if word in ("", "true", "1", "yes", "on"):
        return True
    if word not in ("false", "0", "no", "off"):
        evidence.note("env", f"Expected FLATTEN=true or false, was {text[:40]}; positions are kept")
    return False
