"""Who asks: the credentials have to be of the environment's account."""

from collections.abc import Iterator
from typing import Any

from haven.runbooks.clients import Client
from haven.runbooks.manifest import RecoveryManifest
from haven.runbooks.preflight.checks import Check
from haven.runbooks.preflight.view import Questions, View, asking

_CALLER = "caller"


def questions(manifest: RecoveryManifest, client: Client) -> Questions:
    """Both Regions' STS: one of them may be lost."""
    return {(_CALLER, region): asking(client, "sts", region, _caller) for region in manifest.both}


def _caller(sts: Any) -> tuple[str, str]:
    found = sts.get_caller_identity()
    return str(found["Account"]), str(found["Arn"])


def checks(view: View) -> Iterator[Check]:
    """The account, by the STS of the Region that would become the writing one."""
    account = view.manifest.account
    line = view.line(
        "credentials",
        view.to,
        f"account {account}, as in the manifest" if account else "any account",
        f"use credentials of account {account}" if account else "log in",
    )
    answer = view.answers[_CALLER, view.to]
    if answer.value is None:
        yield line.unknown(answer.unknown, "log in: aws sts get-caller-identity has to answer")
        return
    found, arn = answer.value
    yield line.judge(arn, fine=account is None or found == account)
