"""Whoever watches a scenario from outside: which calls arrived under whose token, and what was decided on what."""

import json
from collections.abc import Mapping
from typing import Any

from haven.runbooks.failover.decision import Fence
from haven.runbooks.failover.loss import ALLOWANCE_SECONDS, CLOSED, closed_ms
from haven.runbooks.failover.old_side.outdated import LOOK_SECONDS
from haven.runbooks.failover.plan import JUDGED, NO_RETURN
from haven.runbooks.workflow import journal as log
from haven.runbooks.workflow.cut import RESTORED
from haven.runbooks.workflow.requests import Answer, Call, UnansweredError
from tests.simulation.clock import Fault, Simulation
from tests.simulation.model import STORES, Model
from tests.simulation.operators import Machine
from tests.simulation.regions import CACHE, DATABASE
from tests.simulation.tables import RECORDS

_STRENGTH = [Fence.UNCONFIRMED, Fence.TRIED, Fence.CONFIRMED]
_DECIDING = [f'"kind":"{each}"' for each in (log.DECISION, log.TAKEOVER)]
_LOOKS = ("describe_db_clusters", "describe_network_acls")
_NEWEST_SECONDS = LOOK_SECONDS + ALLOWANCE_SECONDS + 10
"""How old a look may be when the promotion arrives that it allowed: the last of several began later."""
_DEAF = ("timeout", "error")


def decides(call: Call) -> bool:
    """Whether a call writes a decision into the journal."""
    return _DECIDING[0] in _entry(call)


def has_judged(call: Call) -> bool:
    """Whether a call writes into the journal that the loss has been judged."""
    return f'"kind":"{log.DONE}"' in (body := _entry(call)) and f'"step":"{JUDGED}"' in body


def _entry(call: Call) -> str:
    """What a call writes into the journal."""
    return str(call.arguments.get("Item", {}).get("body", {}).get("S", "")) if call.operation == "put_item" else ""


class Onlooker:
    """Sees each call as it is sent and as it arrives; passes it on to the model."""

    def __init__(self, model: Model, machines: Mapping[str, Machine]) -> None:
        self.found: list[str] = []
        """What doesn't hold, in the order of its discovery."""
        self.in_hand: list[str] = []
        """Effects that a process sent after its last check, by which somebody else had got the lease: nothing can keep
        them from arriving, so what they did is judged, and not that they came."""
        self.simulation: Simulation | None = None
        self.opens_when = ""
        """Kind and step of the journal's entry at which somebody opens the fence in the Region that is left."""
        self.unseen = False
        """Whether somebody opened the fence when the Region was silent to whoever promoted: it was taken for closed."""
        self._opened = False
        self._model, self._machines = model, machines
        self._heard: dict[tuple[str, str], bool] = {}
        """Operator and service of the Region that is left to whether its last answer came."""
        self._deaf: set[tuple[str, str]] = set()
        self._silent_since_opened: set[tuple[str, str]] = set()
        self._looked: dict[str, float] = {}
        """Operator to when it asked last what the Region is that is left."""
        self._well: dict[str, bool] = {}
        """Operator to whether all was well when it asked RDS there last: a process may be paused after that."""

    def sent(self, owner: str, call: Call, fault: Fault | None) -> None:
        """Notice what a machine can't hear, and when it looked last."""
        if call.region != self._model.old:
            return
        if self.simulation is not None and call.operation in _LOOKS:
            self._looked[owner] = self.simulation.now
        if fault is not None and fault.kind.startswith(_DEAF):
            self._deaf.add((owner, call.service))

    def answer(self, call: Call, now: float, owner: str) -> Answer:
        """What AWS answers.

        Raises:
            RefusedError: it refuses.
            UnansweredError: the Region, or the service there, is silent.
        """
        if call.changes and owner in self._machines:
            self._arrived(owner, call, now)
        old = call.region == self._model.old
        if old and call.service == "rds":
            self._well[owner] = self._model.is_well(now)
        try:
            answer = self._model.answer(call, now, owner)
        except UnansweredError:
            if old:
                self._hear_nothing(owner, call.service)
            raise
        if old:
            self._heard[owner, call.service] = True
        elif self.opens_when and call.operation == "put_item" and call.region == self._model.new:
            self._open(call)
        return answer

    def _hear_nothing(self, owner: str, service: str) -> None:
        self._heard[owner, service] = False
        if self._opened:
            self._silent_since_opened.add((owner, service))

    def _arrived(self, owner: str, call: Call, now: float) -> None:
        if call.operation == "put_item":
            self._written(owner, call, now)
        elif call.service not in RECORDS:
            self._effect(owner, call, now)

    def _effect(self, owner: str, call: Call, now: float) -> None:
        if self._opened and call.operation.startswith("failover_"):
            silent = self._silent_since_opened | self._deaf
            self.unseen = self.unseen or any((owner, each) in silent for each in ("rds", "ec2"))
        if call.operation.startswith("failover_"):
            self._promotes(owner, now)
        newest = self._majority_token()
        if newest <= self._machines[owner].operator.lease.token:
            return
        what = f"{call} of {owner} arrived at {now:.0f} while token {newest} had the lease"
        (self.in_hand if self._is_in_hand(owner, now) else self.found).append(what)

    def _promotes(self, owner: str, now: float) -> None:
        """Nothing else than what was seen keeps two writers apart where the old one isn't closed."""
        workflow = log.replay(self._machines[owner].operator.journal.entries)
        begun = any(store in self._model.busy or self._model.source[store] == self._model.new for store in STORES)
        if begun or workflow is None or closed_ms(workflow) is not None or self._is_in_hand(owner, now):
            return
        ago = now - self._looked.get(owner, 0.0)
        if ago > _NEWEST_SECONDS:
            self.found.append(f"{owner} promoted at {now:.0f} on a look of {ago:.0f} s ago")

    def _is_in_hand(self, owner: str, now: float) -> bool:
        """Whether a call was sent after the last check of a process that was paused then."""
        late = self.simulation.late if self.simulation is not None else []
        return any(each[0] == owner and each[2] == now for each in late)

    def _majority_token(self) -> int:
        tables = (*(each.tables for each in self._model.regions.values()), self._model.third)
        items = [each.items.get(("operations", "lease", "0"), {}) for each in tables]
        tokens = sorted((int(each["token"]["N"]) for each in items if each), reverse=True)
        return tokens[1] if len(tokens) > 1 else 0

    def _written(self, owner: str, call: Call, now: float) -> None:
        """An entry of the journal of the Region that becomes the writing one."""
        body = call.arguments["Item"]["body"]["S"]
        if call.region != self._model.new or not any(each in body for each in _DECIDING):
            return
        entry = json.loads(body)
        data = entry["data"]
        if RESTORED in data:  # decided by whoever was stopped before the journal had it
            return
        if entry["kind"] == log.DECISION and not data["promoted"]:
            self._decided(owner, data, now)
        if entry["kind"] == log.TAKEOVER and data.get("planned") is False:
            shown = self._machines[owner].operator._confirmed
            if shown is not None and shown.planned:
                self.found.append(f"{owner} made it unplanned at {now:.0f}, which nobody was shown")

    def _decided(self, owner: str, data: Mapping[str, Any], now: float) -> None:
        region, made = self._model.regions[self._model.old], self._machines[owner].operator
        there = all(region.answers(each, now) for each in ("rds", "ec2"))
        if data["fence"] == Fence.UNCONFIRMED and there and not all(self._is_silent(owner, x) for x in ("rds", "ec2")):
            self.found.append(f"{owner} gave the fence up at {now:.0f} although RDS and EC2 there answer")
        shown = made._confirmed
        if shown is not None and _STRENGTH.index(Fence(data["fence"])) < _STRENGTH.index(shown.decision.fence):
            self.found.append(f"{owner} decided at {now:.0f} on a weaker fence than was shown")
        workflow = log.replay(made.journal.entries)
        if workflow is None or workflow.goal["planned"] or workflow.goal["force"]:
            return
        # Behind its own fence a Region is neither up nor lost, and after a promotion there is no way back.
        begun = any(workflow.step(each).may_have_happened for each in (CLOSED, *NO_RETURN))
        moved = self._model.source[DATABASE] == self._model.new or DATABASE in self._model.busy
        if not (begun or moved) and self._model.is_well(now) and self._well.get(owner, True):
            self.found.append(f"{owner} took a Region for lost at {now:.0f} from which everything arrives")

    def _is_silent(self, owner: str, service: str) -> bool:
        return (owner, service) in self._deaf or self._heard.get((owner, service)) is False

    def _open(self, call: Call) -> None:
        """Somebody opens what is closed, once, and as long as nothing is promoted."""
        model = self._model
        entry = json.loads(call.arguments["Item"]["body"]["S"])
        begun = any(store in model.busy or model.source[store] == model.new for store in (DATABASE, CACHE))
        if not begun and self.opens_when == ":".join([entry["kind"], entry["data"].get("step", "")]).rstrip(":"):
            self.opens_when, self._opened = "", True
            model.regions[model.old].closed.clear()
