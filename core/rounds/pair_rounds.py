"""The pairs of the running round: what they stood at when it began, and their facts since. Part of `Recorder`."""

from __future__ import annotations

from core.kpi.measures import Measures
from core.kpi.pair import PairMoney
from core.kpi.pairs import PairMeasures
from core.rounds.facts import PairFacts


class PairRound:
    """One pair since the start of the round."""

    def __init__(self, pair: PairMeasures, now: int) -> None:
        self.pair = pair
        running = pair.running(now)
        self._start, self._costs = pair.money(), pair.costs()
        self._payments, self._ended, self._moved = pair.payments.count, pair.episodes.ended, pair.moved
        self._before = running.money if running is not None else PairMoney()

    def split(self) -> PairMoney:
        """The round's money by source, so far."""
        return self.pair.money().minus(self._start)

    def facts(self, now: int) -> PairFacts:
        pair, legs = self.pair, self.pair.legs
        status = legs.status.s if legs.status is not None else None
        running = pair.running(now)
        ended = pair.episodes.ended - self._ended
        kept = list(pair.episodes.done)
        episodes = kept[max(0, len(kept) - ended) :]
        payments = pair.payments.since(self._payments)
        return PairFacts(
            name=legs.name,
            legs=pair.ledgers,
            state=None if status is None else status.state,
            busy=status is not None and bool(status.busy),
            wish=legs.why(),
            stuck=legs.stuck(),
            split=self.split(),
            before=self._before,
            episodes=[*episodes, *([running] if running is not None else [])],
            episodes_dropped=ended - len(episodes),
            payments=payments,
            payments_dropped=pair.payments.count - self._payments - len(payments),
            upcoming=pair.upcoming(now),
            spread=pair.spread(),
            residual=pair.capture.residual(),
            adopted=pair.adopted,
            costs=pair.costs().minus(self._costs),
            times=pair.clock.in_round(now),
            on_backup=pair.on_backup,
            moved=pair.moved - self._moved,
        )


class PairRounds:
    """All pairs of a core over one round."""

    def __init__(self, measures: Measures, now: int) -> None:
        self.rounds = [PairRound(pair, now) for pair in measures.pairs]

    def facts(self, now: int) -> list[PairFacts]:
        return [each.facts(now) for each in self.rounds]
