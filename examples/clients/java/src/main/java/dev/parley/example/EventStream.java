package dev.parley.example;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.ApiClient;
import dev.parley.model.ChatRequest;
import dev.parley.model.RuntimeEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The events of a run, while they happen. Closing it closes the connection; the run goes on. */
class EventStream implements AutoCloseable {
  /** An event is empty when its type is newer than this client. */
  record Frame(long seq, String type, Optional<RuntimeEvent> event) {}

  private final ApiClient client;
  private final BufferedReader lines;
  private String run;

  private EventStream(ApiClient client, BufferedReader lines, String run) {
    this.client = client;
    this.lines = lines;
    this.run = run;
  }

  /** Starts a run and gives its events. A generated method could only wait for the run's end. */
  static EventStream start(ApiClient client, ChatRequest body)
      throws IOException, InterruptedException {
    String json = client.getObjectMapper().writeValueAsString(body);
    return open(
        client,
        request(client, "/api/chat")
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json)),
        null);
  }

  /** The events of a run after the one with the seq {@code after}. */
  static EventStream resume(ApiClient client, String run, long after)
      throws IOException, InterruptedException {
    return open(
        client,
        request(client, "/api/runs/" + ApiClient.urlEncode(run) + "/events")
            .header("last-event-id", Long.toString(after)),
        run);
  }

  private static HttpRequest.Builder request(ApiClient client, String path) {
    return HttpRequest.newBuilder(URI.create(client.getBaseUri() + path))
        .header("accept", "text/event-stream");
  }

  private static EventStream open(ApiClient client, HttpRequest.Builder request, String run)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        client.getHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    // 204: everything was seen already, and there is nothing to read.
    if (response.statusCode() != 200 && response.statusCode() != 204) {
      throw new IOException(
          response.statusCode()
              + ": "
              + new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
    }
    var reader = new InputStreamReader(response.body(), StandardCharsets.UTF_8);
    return new EventStream(client, new BufferedReader(reader), run);
  }

  /** The run that the events belong to; known from the first one. */
  String run() {
    return run;
  }

  /** The next event, or nothing after the last. Half a frame does not count: it comes again. */
  Optional<Frame> next() throws IOException {
    StringBuilder data = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("data: ")) {
        data.append(line, "data: ".length(), line.length()).append('\n');
      } else if (line.isEmpty() && !data.isEmpty()) {
        return Optional.of(toFrame(data.toString()));
      }
    }
    return Optional.empty();
  }

  private Frame toFrame(String data) throws JsonProcessingException {
    JsonNode value = client.getObjectMapper().readTree(data);
    run = value.path("run_id").asText(run);
    return new Frame(value.path("seq").asLong(), value.path("type").asText(), toEvent(value));
  }

  private Optional<RuntimeEvent> toEvent(JsonNode value) {
    try {
      return Optional.of(client.getObjectMapper().treeToValue(value, RuntimeEvent.class));
    } catch (JsonProcessingException unknown) {
      return Optional.empty();
    }
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
