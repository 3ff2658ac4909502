"""Says something to an agent, loses the connection on the way, and goes on with the very next event."""

import sys
from collections.abc import Iterator

from parley import AuthenticatedClient
from parley.api.runs import chat, get_run
from parley.models import AgentChoiceEvent, ChatRequest, ErrorEvent, Run, StreamStoppedEvent

from stream import read_run


def main(server: str, message: str = "Hello from Python!") -> None:
    # A server on loopback asks for no key; any other does.
    with AuthenticatedClient(base_url=server, token="no key") as client:
        run = chat.sync(client=client, body=ChatRequest(message=message), prefer="respond-async")
        if not isinstance(run, Run):
            raise SystemExit(f"no run began: {run}")
        seen: list[int] = []
        show(read_run(client, run.id), seen, most=8)
        print(f"\n-- cut off after event {seen[-1]} --")
        last = show(read_run(client, run.id, after=seen[-1]), seen)
        ended = get_run.sync(run.id, client=client)
    if seen != list(range(seen[0], seen[0] + len(seen))):
        raise SystemExit(f"an event was lost or came twice: {seen}")
    if not isinstance(last, StreamStoppedEvent) or not isinstance(ended, Run):
        raise SystemExit(f"the stream ended before the run did: {last}")
    print(f"\n{len(seen)} events, {ended.id}: the run is {ended.status}")


def show(events: Iterator[tuple[int, object]], seen: list[int], most: int | None = None) -> object:
    """Prints events, gives the last one."""
    event: object = None
    for seq, event in events:
        seen.append(seq)
        match event:
            case AgentChoiceEvent():
                print(event.content, end="", flush=True)
            case ErrorEvent():
                raise SystemExit(f"the run failed: {event.error}")
            case _:
                print(f"\n[{type(event).__name__}]", end="")
        if len(seen) == most:
            break
    return event


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit("usage: python main.py http://127.0.0.1:8080 [message]")
    main(*sys.argv[1:3])
