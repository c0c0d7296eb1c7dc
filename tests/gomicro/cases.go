// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"example.org/micro-gomicro/probe"

	"github.com/golang/protobuf/proto"
	"github.com/micro/go-micro/v2/client"
	"github.com/micro/go-micro/v2/client/selector/static"
	frame "github.com/micro/go-micro/v2/codec/bytes"
)

// cases are all by name: what go-micro's client does at a server of ours.
var cases = map[string]func(*peer) error{
	"unary":                unary,
	"unary_json":           unaryAs("application/grpc+json"),
	"unary_plain_json":     unaryAs("application/json"),
	"unary_protobuf":       unaryAs("application/protobuf"),
	"unary_grpc":           unaryAs("application/grpc"),
	"unary_frame":          unaryFrame("application/grpc+proto"),
	"unary_bytes":          unaryFrame("application/grpc+bytes"),
	"static_selector":      staticSelector,
	"no_service_name":      noServiceName,
	"many_at_once":         manyAtOnce,
	"large":                large,
	"client_stream":        clientStream("application/grpc+proto"),
	"client_stream_open":   clientStreamOpen,
	"server_stream":        serverStream("application/grpc+proto"),
	"server_stream_many":   serverStreamMany,
	"bidi":                 bidi("application/grpc+proto"),
	"client_stream_json":   clientStream("application/grpc+json"),
	"server_stream_json":   serverStream("application/grpc+json"),
	"bidi_json":            bidi("application/grpc+json"),
	"metadata":             sendMetadata,
	"metadata_stream":      sendMetadataInStream,
	"metadata_nested":      nestedMetadata,
	"errors":               allErrors,
	"errors_stream":        allErrorsInStream,
	"errors_same_bytes":    sameBytes,
	"error_plain":          plainError,
	"error_not_retried":    notRetried,
	"unknown_service":      unknown("/nobody.Nobody/Echo"),
	"unknown_method":       unknown("/probe.Probe/Nothing"),
	"timeout":              timeout,
	"timeout_stream":       timeoutInStream,
	"deadline":             deadline,
	"deadline_nested":      nestedDeadline,
	"cancel":               cancel,
	"cancel_server_stream": cancelServerStream,
	"cancel_bidi":          cancelBidi,
	"too_large_request":    tooLargeRequest,
	"too_large_answer":     tooLargeAnswer,
	"debug_health":         debugHealth,
	"debug_stats":          debugStats,
	"debug_log":            debugLog,
	"debug_trace":          debugTrace,
	"debug_cache":          debugCache,
}

// wanted says what came instead.
func wanted(what string, came, expected interface{}) error {
	return fmt.Errorf("%s: %v came, not %v", what, came, expected)
}

// fullNote has something of every kind.
func fullNote() *probe.Note {
	return &probe.Note{
		Text:        "grüß \"dich\" <b>&\n\u2028",
		LargeNumber: -9007199254740993,
		Words:       []string{"one", "", "two"},
		Labels:      map[string]string{"key": "value", "other key": ""},
		Blob:        []byte{0, 255, 1, 254},
		Mood:        probe.Mood_MOOD_GOOD,
		Inner:       &probe.Note{Text: "inner"},
	}
}

func sameNote(what string, came, expected *probe.Note) error {
	if !proto.Equal(came, expected) {
		return wanted(what, came, expected)
	}
	return nil
}

func unary(p *peer) error {
	answer, err := p.probe().Echo(context.Background(), fullNote(), p.direct())
	if err != nil {
		return err
	}
	return sameNote("the answer", answer, fullNote())
}

func unaryAs(contentType string) func(*peer) error {
	return func(p *peer) error {
		request := p.client().NewRequest(serviceName, "Probe.Echo", fullNote(),
			client.WithContentType(contentType))
		answer := &probe.Note{}
		if err := p.client().Call(context.Background(), request, answer, p.direct()); err != nil {
			return err
		}
		return sameNote("the answer", answer, fullNote())
	}
}

// unaryFrame is how go-micro's proxy calls: bytes that it does not look into.
func unaryFrame(contentType string) func(*peer) error {
	return func(p *peer) error {
		data, err := proto.Marshal(&probe.Note{Text: "framed"})
		if err != nil {
			return err
		}
		request := p.client().NewRequest(serviceName, "Probe.Echo", &frame.Frame{Data: data},
			client.WithContentType(contentType))
		answer := &frame.Frame{}
		if err := p.client().Call(context.Background(), request, answer, p.direct()); err != nil {
			return err
		}
		if !bytes.Equal(answer.Data, data) {
			return wanted("the answer", answer.Data, data)
		}
		return nil
	}
}

// staticSelector has the address for a name, which comes in the path too.
func staticSelector(p *peer) error {
	if err := p.client().Init(client.Selector(static.NewSelector())); err != nil {
		return err
	}
	service := probe.NewProbeService(p.address, p.client())
	answer, err := service.Echo(context.Background(), fullNote(), client.WithRetries(0))
	if err != nil {
		return err
	}
	return sameNote("the answer", answer, fullNote())
}

func noServiceName(p *peer) error {
	service := probe.NewProbeService("", p.client())
	answer, err := service.Echo(context.Background(), fullNote(), p.direct())
	if err != nil {
		return err
	}
	return sameNote("the answer", answer, fullNote())
}

// manyAtOnce goes over go-micro's pool of connections.
func manyAtOnce(p *peer) error {
	var group sync.WaitGroup
	failures := make(chan error, 100)
	for i := 0; i < cap(failures); i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for j := 0; j < 20; j++ {
				note := &probe.Note{Text: fmt.Sprintf("%d-%d", i, j)}
				answer, err := p.probe().Echo(context.Background(), note, p.direct())
				if err == nil {
					err = sameNote("an answer", answer, note)
				}
				if err != nil {
					failures <- err
					return
				}
			}
		}(i)
	}
	group.Wait()
	close(failures)
	return <-failures
}

const limit = 4 << 20

// large is as much as go-micro lets through.
func large(p *peer) error {
	note := &probe.Note{Blob: bytes.Repeat([]byte{1, 2, 3, 4}, (limit-1024)/4)}
	answer, err := p.probe().Echo(context.Background(), note, p.direct())
	if err != nil {
		return err
	}
	if !bytes.Equal(answer.Blob, note.Blob) {
		return wanted("the answer", len(answer.Blob), len(note.Blob))
	}
	return nil
}
