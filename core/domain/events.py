"""What can change a decision, and what `Engine.process` returns. One `Moment` is one journal frame."""

from __future__ import annotations

import msgspec

from core.domain.commands import Answer, AnyCommand
from core.domain.order import Refusal, Report, Request

# why a moment came (bits); the market kernel's wake reasons are the same numbers
W_END, W_WAIT = 0, 1
W_TIMER, W_OWN, W_BBO, W_MID, W_TRADE, W_FUNDING, W_ERROR, W_INPUT = 2, 4, 8, 16, 32, 64, 128, 256


class Slice(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Rows first..last-1 of one instrument's feed that became visible to us since the last moment."""

    instrument: int
    first: int
    last: int


class Health(msgspec.Struct, frozen=True, gc=False, tag="health"):
    """Measured state of the machine and the wire, once a second; the only way these reach risk and strategies."""

    tick_to_order_p99_ns: int = 0
    order_ack_p99_ns: int = 0
    loop_lag_ns: int = 0
    requests: int = 0  # in the last minute
    request_errors: int = 0
    clock_offset_ns: int = 0
    links_down: int = 0


class Link(msgspec.Struct, frozen=True, gc=False, tag="link"):
    """A stream came up or went down."""

    instrument: int
    up: bool
    why: str = ""


class Relisted(msgspec.Struct, frozen=True, gc=False, tag="relisted"):
    """A venue changed the terms of an instrument, in our lots and ticks; 0 of a bound = not told. Sizes of orders must
    be multiples of `lot_step`, prices of `tick_step`. `halt`: why nothing may be traded on the grid of the opening;
    `closed`: why nothing new may be sent for now; "" = it may."""

    instrument: int
    lot_step: int = 1
    tick_step: int = 1
    min_lots: int = 0
    max_lots: int = 0
    min_notional: int = 0  # 1e-8 quote
    band_ppm: int = 0
    halt: str = ""
    closed: str = ""
    text: str = ""


class OpenOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One order as the venue lists it. cl_id 0 = not ours."""

    instrument: int
    cl_id: int
    venue_id: int
    side: int
    px: int
    left: int
    flags: int


class HeldPosition(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One position as the venue lists it."""

    instrument: int
    pos: int
    cost: int
    liquidation_px: int  # 0 = none


class ReadReply(msgspec.Struct, frozen=True, tag="read"):
    """The venue's answer to a read. `what`: orders | positions | trades | balance; `nonce` names the read."""

    what: str
    nonce: int
    ts: int
    orders: tuple[OpenOrder, ...] = ()
    positions: tuple[HeldPosition, ...] = ()
    trades: tuple[Report, ...] = ()
    balance: int = 0
    error: str = ""
    account: int = 0
    proof: bool = True  # False: the venue may still apply what it has taken in, so absence proves nothing
    proves_at: int = 0  # then: from when on a read that is asked for may prove it, ns; 0: nobody can say
    spent: float = 0.0  # share of the weight that questions have in a minute, used by then


class RequestRefused(msgspec.Struct, frozen=True, tag="refused"):
    """The wire gate dropped a request after the engine had approved it."""

    cl_id: int
    instrument: int
    kind: int
    code: int


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """An operator command as an event."""

    command: AnyCommand


class Configured(msgspec.Struct, frozen=True, tag="configured"):
    """New parameters of one strategy, already validated; hash of the effective config."""

    strategy: int
    values: dict[str, float | int | bool]
    sha256: str


class Started(msgspec.Struct, frozen=True, tag="started"):
    """First event of a journal: what is needed to rebuild the engine."""

    config_sha256: str
    seed: int
    mode: str
    epoch: int


class Due(msgspec.Struct, frozen=True, gc=False, tag="due"):
    """A named timer fired."""

    name: str


Input = Health | Link | Relisted | ReadReply | RequestRefused | Asked | Configured | Started | Due


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """Everything that happened at one instant: at most one a (virtual) nanosecond.

    ts ns; why = bits W_*; slices, reports and inputs in total order (DESIGN.md section 4).
    """

    ts: int
    why: int
    slices: tuple[Slice, ...] = ()
    reports: tuple[Report, ...] = ()
    inputs: tuple[Input, ...] = ()


class Note(msgspec.Struct, frozen=True, array_like=True):
    """Something a person may want to know. level: info | warn | crit; `code` is stable, `tag` as S3-35."""

    level: str
    code: str
    text: str
    strategy: int = -1
    tag: str = ""


class Read(msgspec.Struct, frozen=True, array_like=True):
    """A read that the engine asks of the venue; answered by a `ReadReply` with the same nonce."""

    what: str
    nonce: int
    since: int = 0
    account: int = 0  # which venue account is asked


class Step(msgspec.Struct, frozen=True):
    """What one moment led to. The driver sends `requests` and `reads`; sinks see all of it and return nothing.

    `applied`: what our ledgers took in this step, in that order: of the moment's reports, of those held before, of
    those that only reads brought. Without what a ledger knew already or refused; a payment that several ledgers share
    stands there in parts. `takers[k]` is the number of the ledger that took `applied[k]`.
    """

    seq: int
    moment: Moment
    requests: tuple[Request, ...] = ()
    refused: tuple[Refusal, ...] = ()
    reads: tuple[Read, ...] = ()
    notes: tuple[Note, ...] = ()
    answers: tuple[Answer, ...] = ()
    applied: tuple[Report, ...] = ()
    takers: tuple[int, ...] = ()
