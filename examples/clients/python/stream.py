"""The events of a run, as the generated types."""

import json
from collections.abc import Iterator

from parley import AuthenticatedClient, models


def read_run(client: AuthenticatedClient, run: str, after: int = 0) -> Iterator[tuple[int, object]]:
    """Each event after `after` with its seq, to the end of the run; leaving it closes the connection."""
    headers = {"accept": "text/event-stream"}
    if after:
        headers["last-event-id"] = str(after)
    # A heartbeat comes every 10 s, however long the model thinks.
    with client.get_httpx_client().stream(
        "GET", f"/api/runs/{run}/events", headers=headers, timeout=30
    ) as answer:
        if answer.status_code == 204:  # Everything was seen already.
            return
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.status_code}: {answer.read().decode()}")
        for seq, data in read_frames(answer.iter_lines()):
            yield seq, to_event(json.loads(data))


def read_frames(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Server-sent events: fields up to an empty line. What is only half there comes again."""
    seq, data = 0, []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            seq = int(value)
        elif field == "data":
            data.append(value)
        elif line == "" and data:
            yield seq, "\n".join(data)
            data = []


def to_event(value: dict[str, object]) -> object:
    """`agent_choice` is an AgentChoiceEvent; a type newer than this client stays a dict."""
    name = "".join(word.capitalize() for word in str(value["type"]).split("_")) + "Event"
    model = getattr(models, name, None)
    return model.from_dict(value) if model else value
