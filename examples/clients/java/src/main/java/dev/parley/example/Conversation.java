package dev.parley.example;

import dev.parley.ApiClient;
import dev.parley.api.RunsApi;
import dev.parley.model.AgentChoiceEvent;
import dev.parley.model.ChatRequest;
import dev.parley.model.ErrorEvent;
import dev.parley.model.RuntimeEvent;
import java.util.ArrayList;
import java.util.List;

/** Says something to an agent, loses the connection on the way, and goes on with the very next event. */
public class Conversation {
  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 0) {
      throw new IllegalArgumentException("usage: Conversation http://127.0.0.1:8080 [message]");
    }
    String message = arguments.length > 1 ? arguments[1] : "Hello from Java!";
    ApiClient client = new ApiClient();
    client.updateBaseUri(arguments[0]);

    List<Long> seen = new ArrayList<>();
    String run;
    try (EventStream events = EventStream.start(client, new ChatRequest().message(message))) {
      while (seen.size() < 8) {
        show(events.next().orElseThrow(), seen);
      }
      run = events.run();
    }
    long last = seen.get(seen.size() - 1);
    System.out.printf("%n-- cut off after event %d --%n", last);
    String type = "";
    try (EventStream events = EventStream.resume(client, run, last)) {
      for (var frame = events.next(); frame.isPresent(); frame = events.next()) {
        show(frame.get(), seen);
        type = frame.get().type();
      }
    }

    for (int index = 1; index < seen.size(); index++) {
      if (seen.get(index) != seen.get(index - 1) + 1) {
        throw new IllegalStateException("an event was lost or came twice: " + seen);
      }
    }
    if (!type.equals("stream_stopped")) {
      throw new IllegalStateException("the stream ended before the run did, with " + type);
    }
    var status = new RunsApi(client).getRun(run).getStatus();
    System.out.printf("%n%d events, %s: the run is %s%n", seen.size(), run, status);
  }

  private static void show(EventStream.Frame frame, List<Long> seen) {
    seen.add(frame.seq());
    Object event = frame.event().map(RuntimeEvent::getActualInstance).orElse(null);
    if (event instanceof AgentChoiceEvent choice) {
      System.out.print(choice.getContent());
    } else if (event instanceof ErrorEvent error) {
      throw new IllegalStateException("the run failed: " + error.getError());
    } else {
      System.out.printf("%n[%s]", frame.type());
    }
    System.out.flush();
  }
}
