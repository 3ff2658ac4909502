// Says something to an agent, loses the connection on the way, and goes on with the very next event.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"example.com/conversation/parley"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: go run . http://127.0.0.1:8080 [message]")
	}
	message := "Hello from Go!"
	if len(os.Args) > 2 {
		message = os.Args[2]
	}
	if err := converse(context.Background(), os.Args[1], message); err != nil {
		log.Fatal(err)
	}
}

var errCut = errors.New("cut off")

func converse(ctx context.Context, server string, message string) error {
	client, err := parley.NewClientWithResponses(server)
	if err != nil {
		return err
	}
	run, err := start(ctx, client, message)
	if err != nil {
		return err
	}

	var seen []int
	var kind string
	show := func(event parley.RuntimeEvent, seq int) error {
		seen = append(seen, seq)
		kind, _ = event.Discriminator()
		return printEvent(event)
	}
	// The first connection is given up after eight events, as a train in a tunnel would do it.
	last, err := readRun(ctx, client, run.Id, 0, func(event parley.RuntimeEvent, seq int) error {
		if err := show(event, seq); err != nil || len(seen) < 8 {
			return err
		}
		return errCut
	})
	if !errors.Is(err, errCut) {
		return fmt.Errorf("the run was over before the connection was cut: %w", err)
	}
	fmt.Printf("\n-- cut off after event %d --\n", last)
	if _, err = readRun(ctx, client, run.Id, last, show); err != nil {
		return err
	}
	if err := consecutive(seen); err != nil {
		return err
	}
	if kind != "stream_stopped" {
		return fmt.Errorf("the stream ended before the run did, with %s", kind)
	}
	ended, err := client.GetRunWithResponse(ctx, run.Id)
	if err != nil {
		return err
	}
	if ended.JSON200 == nil {
		return fmt.Errorf("the run cannot be read: %s %s", ended.Status(), ended.Body)
	}
	fmt.Printf("\n%d events, %s: the run is %s\n", len(seen), run.Id, ended.JSON200.Status)
	return nil
}

// start begins a run, which does not depend on any connection from here on.
func start(ctx context.Context, client *parley.ClientWithResponses, message string) (*parley.Run, error) {
	prefer := parley.PreferParameter("respond-async")
	answer, err := client.ChatWithResponse(ctx,
		&parley.ChatParams{Prefer: &prefer},
		parley.ChatRequest{Message: message})
	if err != nil {
		return nil, err
	}
	if answer.JSON202 == nil {
		return nil, fmt.Errorf("no run began: %s %s", answer.Status(), answer.Body)
	}
	return answer.JSON202, nil
}

func printEvent(event parley.RuntimeEvent) error {
	value, err := event.ValueByDiscriminator()
	if err != nil {
		return nil // A type that is newer than this client.
	}
	switch value := value.(type) {
	case parley.AgentChoiceEvent:
		fmt.Print(value.Content)
	case parley.ErrorEvent:
		return fmt.Errorf("the run failed: %s", value.Error)
	default:
		kind, _ := event.Discriminator()
		fmt.Printf("\n[%s]", kind)
	}
	return nil
}

func consecutive(seen []int) error {
	for index, seq := range seen {
		if seq != seen[0]+index {
			return fmt.Errorf("an event was lost or came twice: %v", seen)
		}
	}
	return nil
}
