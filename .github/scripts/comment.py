#!/usr/bin/env python3
"""Put a report on a pull request: one comment, made once and updated by every later run.

Needs nothing but Python, so that the job that may write runs no package of anybody.
Environment: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, PULL_REQUEST (its number). Argument: the Markdown file.
"""

import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

MARKER = "<!-- haven pull request -->"
NO_CHANGES = "<!-- nothing to say -->"
AUTHOR = "github-actions[bot]"
"""Who posts with a workflow's own token; anybody else's comment with the marker is not touched."""


def main(file: str) -> None:
    """Update the comment, or make it."""
    body = Path(file).read_text(encoding="utf-8")
    if not body.startswith(MARKER):
        sys.exit(f"{file} doesn't begin with {MARKER}: it would never be found again")
    repository = f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}"
    number = int(os.environ["PULL_REQUEST"])
    own = next(_own(f"{repository}/issues/{number}/comments?per_page=100"), None)
    if own is not None:
        _ask("PATCH", f"{repository}/issues/comments/{own}", {"body": body})
        print(f"updated comment {own}")
    elif body.startswith(f"{MARKER}\n{NO_CHANGES}"):
        print("nothing to say, and no comment to update")
    else:
        _ask("POST", f"{repository}/issues/{number}/comments", {"body": body})
        print("made a comment")


def _own(page: str | None) -> Iterator[int]:
    """The ids of this workflow's comments, the oldest first."""
    while page:
        comments, page = _ask("GET", page)
        for each in comments:
            if each["user"]["login"] == AUTHOR and each["body"].startswith(MARKER):
                yield each["id"]


def _ask(method: str, url: str, sent: dict | None = None) -> tuple[list, str | None]:
    """What the API answers, and the URL of the next page."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    data = json.dumps(sent).encode() if sent is not None else None
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  the API's own URLs
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  the API's own URLs
        following = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("Link") or "")
        return json.load(answer), following[1] if following else None


if __name__ == "__main__":
    main(sys.argv[1])
