"""SQS's queue of a Region: its policy, which AWS heeds a little later, and whether an application gets messages."""

from collections.abc import Callable

from haven.runbooks.workflow.requests import Answer, Call
from tests.simulation.regions import Region

SPREADS_SECONDS = 20.0
"""Until a change of an attribute is everywhere; AWS names 60 at most."""


class Queues:
    """Answers for a simulated SQS, one queue in each Region."""

    at: Callable[[float, Callable[[float], None]], None]
    _time: float

    def _get_queue_url(self, call: Call, region: Region) -> Answer:
        return {"QueueUrl": f"https://sqs.{call.region}.amazonaws.com/111122223333/{call.arguments['QueueName']}"}

    def _get_queue_attributes(self, call: Call, region: Region) -> Answer:
        account, name = call.arguments["QueueUrl"].split("/")[-2:]
        found = {"Policy": region.queue.policy, "QueueArn": f"arn:aws:sqs:{call.region}:{account}:{name}"}
        return {"Attributes": {name: value for name, value in found.items() if value}}

    def _set_queue_attributes(self, call: Call, region: Region) -> Answer:
        region.queue.policy = call.arguments["Attributes"]["Policy"]
        self.at(self._time + SPREADS_SECONDS, lambda _: region.queue.heed())
        return {}
