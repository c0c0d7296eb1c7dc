// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/micro/go-micro/v2/debug/service/proto"
	"github.com/micro/go-micro/v2/metadata"

	"example.org/micro-gomicro/probe"
)

func (p *peer) debug() debug.DebugService {
	return debug.NewDebugService(serviceName, p.client())
}

func debugHealth(p *peer) error {
	answer, err := p.debug().Health(context.Background(), &debug.HealthRequest{}, p.direct())
	if err != nil {
		return err
	}
	if answer.Status != "ok" {
		return wanted("the status", answer.Status, "ok")
	}
	return nil
}

func debugStats(p *peer) error {
	if _, err := p.probe().Fail(context.Background(), failures[0], p.direct()); err == nil {
		return fmt.Errorf("no error came")
	}
	answer, err := p.debug().Stats(context.Background(), &debug.StatsRequest{}, p.direct())
	if err != nil {
		return err
	}
	now := uint64(time.Now().Unix())
	if answer.Timestamp > now || answer.Timestamp+60 < now || answer.Started > answer.Timestamp ||
		answer.Started+3600 < now || answer.Uptime > answer.Timestamp-answer.Started+1 {
		return wanted("times", answer, now)
	}
	if answer.Memory < 100000 || answer.Threads == 0 || answer.Requests == 0 || answer.Errors == 0 ||
		answer.Errors > answer.Requests {
		return wanted("counts", answer, "some of each")
	}
	return nil
}

// debugLog ends by itself when it is not followed.
func debugLog(p *peer) error {
	stream, err := p.debug().Log(context.Background(), &debug.LogRequest{Count: 10}, p.direct())
	if err != nil {
		return err
	}
	for {
		record, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if record.Timestamp == 0 || record.Message == "" {
			return wanted("a record", record, "a time and a message")
		}
	}
}

// debugTrace finds the call that was made with a trace of our own.
func debugTrace(p *peer) error {
	id := fmt.Sprintf("trace-%d", time.Now().UnixNano())
	ctx := metadata.NewContext(context.Background(), metadata.Metadata{
		"Micro-Trace-Id": id, "Micro-Span-Id": "a-span"})
	if _, err := p.probe().Echo(ctx, &probe.Note{}, p.direct()); err != nil {
		return err
	}
	answer, err := p.debug().Trace(context.Background(), &debug.TraceRequest{Id: id}, p.direct())
	if err != nil {
		return err
	}
	for _, span := range answer.Spans {
		if span.Trace == id && span.Id != "" && span.Parent != "" && span.Started != 0 && span.Type == debug.SpanType_INBOUND {
			return nil
		}
	}
	return wanted("the trace", answer.Spans, id)
}

func debugCache(p *peer) error {
	_, err := p.debug().Cache(context.Background(), &debug.CacheRequest{}, p.direct())
	return err
}
