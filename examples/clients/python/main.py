"""Says something to an agent, loses the connection on the way, and goes on with the very next event."""

import json
import sys
from collections.abc import Iterator

from parley import AuthenticatedClient
from parley.api.runs import chat
from parley.models import AgentChoiceEvent, ChatRequest, ErrorEvent, Run

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
        show(read_run(client, run.id, after=seen[-1]), seen)
    if seen != list(range(seen[0], seen[0] + len(seen))):
        raise SystemExit(f"an event was lost or came twice: {seen}")
    print(f"\n{json.dumps({'events': len(seen), 'first': seen[0], 'last': seen[-1]})}")


def show(events: Iterator[tuple[int, object]], seen: list[int], most: int | None = None) -> None:
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
            return


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit("usage: python main.py http://127.0.0.1:8080 [message]")
    main(*sys.argv[1:3])
