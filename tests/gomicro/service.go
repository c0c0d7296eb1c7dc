// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"example.org/micro-gomicro/probe"

	"github.com/golang/protobuf/proto"
	"github.com/micro/go-micro/v2"
	"github.com/micro/go-micro/v2/client"
	"github.com/micro/go-micro/v2/errors"
	"github.com/micro/go-micro/v2/metadata"
	grpcmetadata "google.golang.org/grpc/metadata"
)

// lastText is the last message of a client stream that is not half-closed.
const lastText = "that is all"

// Probe answers the calls of probe.proto.
type Probe struct {
	service micro.Service
	gone    int64
}

// next is the same method somewhere else, for calls that a handler makes.
func (p *Probe) next(address string) (probe.ProbeService, client.CallOption) {
	return probe.NewProbeService(serviceName, p.service.Client()), client.WithAddress(address)
}

func isAddress(text string) bool {
	_, _, err := net.SplitHostPort(text)
	return err == nil
}

// header is what go-micro's metadata has, or, of what it keeps to itself, gRPC's.
func header(ctx context.Context, name string) (string, bool) {
	if value, found := metadata.Get(ctx, name); found {
		return value, true
	}
	if all, found := grpcmetadata.FromIncomingContext(ctx); found && len(all.Get(name)) > 0 {
		return strings.Join(all.Get(name), ", "), true
	}
	return "", false
}

func (p *Probe) Echo(ctx context.Context, in *probe.Note, out *probe.Note) error {
	proto.Merge(out, in)
	return nil
}

func (p *Probe) Collect(ctx context.Context, stream probe.Probe_CollectStream) error {
	out := &probe.Note{}
	for {
		in, err := stream.Recv()
		if err == io.EOF {
			return stream.SendMsg(out)
		}
		if err != nil {
			return err
		}
		if in.Text == lastText {
			return stream.SendMsg(out)
		}
		out.Words = append(out.Words, in.Text)
	}
}

func (p *Probe) Repeat(ctx context.Context, in *probe.Note, stream probe.Probe_RepeatStream) error {
	for _, word := range in.Words {
		out := &probe.Note{Text: word}
		if value, found := header(ctx, word); found {
			out.Labels = map[string]string{word: value}
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
	return nil
}

func (p *Probe) Chat(ctx context.Context, stream probe.Probe_ChatStream) error {
	for {
		in, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			atomic.AddInt64(&p.gone, 1)
			return err
		}
		if err := stream.Send(in); err != nil {
			return err
		}
	}
}

func (p *Probe) Headers(ctx context.Context, in *probe.Note, out *probe.Note) error {
	if isAddress(in.Text) {
		next, there := p.next(in.Text)
		answer, err := next.Headers(ctx, &probe.Note{Words: in.Words}, there)
		if err == nil {
			proto.Merge(out, answer)
		}
		return err
	}
	out.Labels = map[string]string{}
	for _, name := range in.Words {
		if value, found := header(ctx, name); found {
			out.Labels[name] = value
		}
	}
	return nil
}

func (p *Probe) Deadline(ctx context.Context, in *probe.Note, out *probe.Note) error {
	if isAddress(in.Text) {
		next, there := p.next(in.Text)
		answer, err := next.Deadline(ctx, &probe.Note{}, there)
		if err == nil {
			proto.Merge(out, answer)
		}
		return err
	}
	if deadline, found := ctx.Deadline(); found {
		out.LargeNumber = int64(time.Until(deadline) / time.Millisecond)
	}
	return nil
}

func failure(in *probe.Failure) error {
	if in.Panics {
		panic(in.Detail)
	}
	if in.Id == "" {
		return fmt.Errorf("%s", in.Detail)
	}
	return errors.New(in.Id, in.Detail, in.Code)
}

func (p *Probe) Fail(ctx context.Context, in *probe.Failure, out *probe.Note) error {
	return failure(in)
}

func (p *Probe) FailLater(ctx context.Context, in *probe.Failure, stream probe.Probe_FailLaterStream) error {
	if err := stream.Send(&probe.Note{Text: "first"}); err != nil {
		return err
	}
	return failure(in)
}

func (p *Probe) Wait(ctx context.Context, in *probe.Note, out *probe.Note) error {
	<-ctx.Done()
	atomic.AddInt64(&p.gone, 1)
	return ctx.Err()
}

func (p *Probe) WaitLater(ctx context.Context, in *probe.Note, stream probe.Probe_WaitLaterStream) error {
	if err := stream.Send(in); err != nil {
		return err
	}
	<-ctx.Done()
	atomic.AddInt64(&p.gone, 1)
	return ctx.Err()
}

func (p *Probe) Gone(ctx context.Context, in *probe.Note, out *probe.Note) error {
	out.LargeNumber = atomic.LoadInt64(&p.gone)
	return nil
}

func (p *Probe) Make(ctx context.Context, in *probe.Note, out *probe.Note) error {
	out.Blob = make([]byte, in.LargeNumber)
	return nil
}
