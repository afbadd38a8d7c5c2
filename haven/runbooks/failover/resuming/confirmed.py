"""What was shown before the confirmation: a run that would do worse changes nothing, and asks to be confirmed anew."""

from collections.abc import Iterator
from dataclasses import dataclass

from haven.runbooks.failover.decision import STRENGTH, Decision, Request, Seen
from haven.runbooks.failover.observe import Observation
from haven.runbooks.failover.site import Site

SILENT_SECONDS = 10.0
"""For so long after a preview that found the old Region silent it isn't asked once more: each answer that doesn't come
takes five seconds. Whoever confirms later has it looked at afresh."""


@dataclass(frozen=True)
class Confirmed:
    """What a preview showed."""

    site: Site
    at: float
    """On this machine's monotonic clock."""
    seen: Seen
    decision: Decision
    planned: bool
    """Of what would be done, whatever was typed: an open workflow may have become unplanned."""

    def is_silent(self) -> bool:
        """Whether the Region that is left was silent, so short a time ago that it needn't be asked again."""
        return self.seen is Seen.UNREACHABLE and self.site.clock.monotonic() - self.at <= SILENT_SECONDS

    def refusal(self, decided: Decision, seen: Observation, wanted: Request) -> list[str]:
        """Why what is decided now can't go on without another confirmation, and what to type; empty: it can.

        Args:
            decided: now.
            seen: both Regions, now.
            wanted: as `decided` has it: an open workflow may have become unplanned.
        """
        worse = "; ".join(self._worse(decided, planned=wanted.planned))
        if not worse:
            return []
        typed = self.site.command(
            planned=wanted.planned,
            force=wanted.force,
            accept_loss=wanted.accept_loss,
            acknowledged=wanted.acknowledged,
        )
        why = f"what was confirmed isn't so any more, and nothing was changed: {worse}"
        return [why, f"{self.site.old} as seen from here: {seen.seen}", f"whoever decides that anew types: {typed}"]

    def _worse(self, decided: Decision, *, planned: bool) -> Iterator[str]:
        was, now = self.decision.fence, decided.fence
        if STRENGTH[now] < STRENGTH[was]:
            yield f"the old writer would be {now}, and was shown as {was}"
        if self.planned and not planned:
            yield "it would be unplanned, which may lose data, and was shown as planned"
        if decided.forced and not self.decision.forced:
            yield f"it would be {decided.why}, and was shown without that"
