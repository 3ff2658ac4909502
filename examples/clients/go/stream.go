package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"example.com/conversation/parley"
)

// readRun gives the events of a run after the event `after`, to the run's end or to the first error
// of `handle`. It returns the last event that was handled: where to go on.
func readRun(
	ctx context.Context,
	client *parley.ClientWithResponses,
	run string,
	after int,
	handle func(event parley.RuntimeEvent, seq int) error,
) (int, error) {
	params := parley.StreamRunParams{}
	if after > 0 {
		position := strconv.Itoa(after)
		params.LastEventId = &position
	}
	// The plain method leaves the body unread; ...WithResponse would wait for the end of the run.
	answer, err := client.StreamRun(ctx, run, &params, acceptEvents)
	if err != nil {
		return after, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNoContent {
		return after, nil // Everything was seen already.
	}
	if answer.StatusCode != http.StatusOK {
		problem, _ := io.ReadAll(answer.Body)
		return after, fmt.Errorf("%s: %s", answer.Status, problem)
	}
	last := after
	err = readFrames(answer.Body, func(id int, data string) error {
		var event parley.RuntimeEvent
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			return err
		}
		last = id
		return handle(event, id)
	})
	return last, err
}

func acceptEvents(_ context.Context, request *http.Request) error {
	request.Header.Set("accept", "text/event-stream")
	return nil
}

// readFrames reads server-sent events: fields up to an empty line. Comments keep the connection alive.
func readFrames(body io.Reader, handle func(id int, data string) error) error {
	reader := bufio.NewReader(body)
	id, data := 0, []string{}
	for {
		line, err := reader.ReadString('\n')
		if err == io.EOF {
			return nil // Half a frame does not count: it comes again.
		}
		if err != nil {
			return err
		}
		field, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "id":
			if id, err = strconv.Atoi(value); err != nil {
				return err
			}
		case field == "data":
			data = append(data, value)
		case field == "" && value == "" && len(data) > 0:
			if err := handle(id, strings.Join(data, "\n")); err != nil {
				return err
			}
			data = data[:0]
		}
	}
}
