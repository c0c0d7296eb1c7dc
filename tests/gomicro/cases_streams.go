// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

package main

import (
	"context"
	"fmt"
	"io"
	"reflect"

	"example.org/micro-gomicro/probe"

	"github.com/micro/go-micro/v2/client"
	"github.com/micro/go-micro/v2/metadata"
)

// open begins a stream below the generated code, which hides its codec.
func open(p *peer, method, contentType string) (client.Stream, error) {
	request := p.client().NewRequest(serviceName, method, &probe.Note{},
		client.WithContentType(contentType), client.StreamingRequest())
	return p.client().Stream(context.Background(), request, p.direct())
}

// closeSend says that no more comes: Close of the stream itself gives all of it up.
func closeSend(stream client.Stream) error {
	codec, ok := stream.Request().Codec().(io.Closer)
	if !ok {
		return fmt.Errorf("the stream's codec cannot be closed")
	}
	return codec.Close()
}

func expectNote(stream client.Stream, expected *probe.Note) error {
	answer := &probe.Note{}
	if err := stream.Recv(answer); err != nil {
		return err
	}
	return sameNote("the answer", answer, expected)
}

func expectEnd(stream client.Stream) error {
	if err := stream.Recv(&probe.Note{}); err != io.EOF {
		return wanted("the end", err, io.EOF)
	}
	return nil
}

func clientStream(contentType string) func(*peer) error {
	return func(p *peer) error {
		stream, err := open(p, "Probe.Collect", contentType)
		if err != nil {
			return err
		}
		for _, text := range []string{"one", "", "three"} {
			if err := stream.Send(&probe.Note{Text: text}); err != nil {
				return err
			}
		}
		if err := closeSend(stream); err != nil {
			return err
		}
		if err := expectNote(stream, &probe.Note{Words: []string{"one", "", "three"}}); err != nil {
			return err
		}
		return expectEnd(stream)
	}
}

// clientStreamOpen is how a client stream ends for go-micro's generated code: its messages say so.
func clientStreamOpen(p *peer) error {
	stream, err := p.probe().Collect(context.Background(), p.direct())
	if err != nil {
		return err
	}
	for _, text := range []string{"one", "two", lastText} {
		if err := stream.Send(&probe.Note{Text: text}); err != nil {
			return err
		}
	}
	answer := &probe.Note{}
	if err := stream.RecvMsg(answer); err != nil {
		return err
	}
	defer stream.Close()
	return sameNote("the answer", answer, &probe.Note{Words: []string{"one", "two"}})
}

// serverStream does not say that its one request is the last.
func serverStream(contentType string) func(*peer) error {
	return func(p *peer) error {
		stream, err := open(p, "Probe.Repeat", contentType)
		if err != nil {
			return err
		}
		words := []string{"one", "two", "three"}
		if err := stream.Send(&probe.Note{Words: words}); err != nil {
			return err
		}
		for _, word := range words {
			if err := expectNote(stream, &probe.Note{Text: word}); err != nil {
				return err
			}
		}
		return expectEnd(stream)
	}
}

func serverStreamMany(p *peer) error {
	words := make([]string, 10000)
	for i := range words {
		words[i] = fmt.Sprintf("word %d", i)
	}
	stream, err := p.probe().Repeat(context.Background(), &probe.Note{Words: words}, p.direct())
	if err != nil {
		return err
	}
	for _, word := range words {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if answer.Text != word {
			return wanted("the answer", answer.Text, word)
		}
	}
	if _, err := stream.Recv(); err != io.EOF {
		return wanted("the end", err, io.EOF)
	}
	return nil
}

func bidi(contentType string) func(*peer) error {
	return func(p *peer) error {
		stream, err := open(p, "Probe.Chat", contentType)
		if err != nil {
			return err
		}
		for i := 0; i < 20; i++ {
			note := fullNote()
			note.LargeNumber = int64(i)
			if err := stream.Send(note); err != nil {
				return err
			}
			if err := expectNote(stream, note); err != nil {
				return err
			}
		}
		if err := closeSend(stream); err != nil {
			return err
		}
		return expectEnd(stream)
	}
}

// --- Metadata -----------------------------------------------------------------------------------

// sent is what metadata becomes on its way; ours shows "x-data-bin" in base64.
var sent = metadata.Metadata{
	"X-Mixed-Case":   "a Mixed value",
	"UPPER":          "1",
	"lower":          "2",
	"Micro-Service":  "somebody",
	"Micro-Endpoint": "Some.Thing",
	"X-Two":          "one, two",
	"X-Empty":        "",
	"X-Data-Bin":     "\x00\xff",
}

func sendMetadata(p *peer) error {
	names := []string{"x-mixed-case", "upper", "lower", "micro-service", "micro-endpoint", "x-two",
		"x-empty", "x-data-bin", "micro-from-service", "x-content-type", "timeout", "x-absent"}
	ctx := metadata.NewContext(context.Background(), sent)
	answer, err := p.probe().Headers(ctx, &probe.Note{Words: names}, p.direct())
	if err != nil {
		return err
	}
	if answer.Labels["timeout"] == "" {
		return wanted("the header timeout", answer.Labels, "ns")
	}
	delete(answer.Labels, "timeout")
	expected := map[string]string{
		"x-mixed-case": "a Mixed value", "upper": "1", "lower": "2", "micro-service": "somebody",
		"micro-endpoint": "Some.Thing", "x-two": "one, two", "x-empty": "", "x-data-bin": "AP8",
		"micro-from-service": callerName, "x-content-type": "application/grpc+proto",
	}
	if !reflect.DeepEqual(answer.Labels, expected) {
		return wanted("the headers", answer.Labels, expected)
	}
	return nil
}

func sendMetadataInStream(p *peer) error {
	ctx := metadata.NewContext(context.Background(), sent)
	words := []string{"x-mixed-case", "micro-service", "x-two"}
	stream, err := p.probe().Repeat(ctx, &probe.Note{Words: words}, p.direct())
	if err != nil {
		return err
	}
	for _, value := range []string{"a Mixed value", "somebody", "one, two"} {
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if answer.Labels[answer.Text] != value {
			return wanted(answer.Text, answer.Labels, value)
		}
	}
	return stream.Close()
}

// nestedMetadata comes back to go-micro, in a call that the handler makes for this one.
func nestedMetadata(p *peer) error {
	traceparent := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx := metadata.NewContext(context.Background(), metadata.Metadata{
		"Micro-Trace-Id": "a-trace", "Micro-Span-Id": "a-span", "Traceparent": traceparent})
	answer, err := p.probe().Headers(ctx, &probe.Note{Text: p.other,
		Words: []string{"micro-trace-id", "traceparent", "micro-from-service"}}, p.direct())
	if err != nil {
		return err
	}
	if answer.Labels["micro-trace-id"] != "a-trace" {
		return wanted("the trace", answer.Labels["micro-trace-id"], "a-trace")
	}
	if came := answer.Labels["traceparent"]; len(came) != 55 || came[:35] != traceparent[:35] {
		return wanted("traceparent", came, traceparent)
	}
	if answer.Labels["micro-from-service"] != serviceName {
		return wanted("the caller", answer.Labels["micro-from-service"], serviceName)
	}
	return nil
}
