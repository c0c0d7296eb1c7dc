// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"example.org/micro-gomicro/probe"

	"github.com/micro/go-micro/v2/client"
	clientgrpc "github.com/micro/go-micro/v2/client/grpc"
	"github.com/micro/go-micro/v2/errors"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func gone(p *peer) (int64, error) {
	answer, err := p.probe().Gone(context.Background(), &probe.Note{}, p.direct())
	if err != nil {
		return 0, err
	}
	return answer.LargeNumber, nil
}

// isTold runs abandon, and waits until the server has been told of it.
func isTold(p *peer, abandon func() error) error {
	before, err := gone(p)
	if err != nil {
		return err
	}
	if err := abandon(); err != nil {
		return err
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		now, err := gone(p)
		if err != nil {
			return err
		}
		if now == before+1 {
			return nil
		}
	}
	return fmt.Errorf("the handler has not been told that its caller has gone")
}

func expectCode(err error, code int32) error {
	if e, ok := err.(*errors.Error); !ok || e.Code != code {
		return wanted("the error", err, code)
	}
	return nil
}

func timeout(p *peer) error {
	return isTold(p, func() error {
		_, err := p.probe().Wait(context.Background(), &probe.Note{},
			p.direct(client.WithRequestTimeout(300*time.Millisecond)))
		return expectCode(err, 408)
	})
}

// timeoutInStream is in go-micro's header only, so the server ends the call.
func timeoutInStream(p *peer) error {
	return isTold(p, func() error {
		stream, err := p.probe().WaitLater(context.Background(), &probe.Note{Text: "first"},
			p.direct(client.WithStreamTimeout(500*time.Millisecond)))
		if err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
		_, err = stream.Recv()
		if status.Code(err) != codes.DeadlineExceeded {
			return wanted("the status", err, codes.DeadlineExceeded)
		}
		return expectCode(errors.Parse(status.Convert(err).Message()), 408)
	})
}

func expectLeft(p *peer, note *probe.Note, timeout time.Duration, least int64) error {
	answer, err := p.probe().Deadline(context.Background(), note,
		p.direct(client.WithRequestTimeout(timeout)))
	if err != nil {
		return err
	}
	if answer.LargeNumber <= least || answer.LargeNumber > int64(timeout/time.Millisecond) {
		return wanted("ms left", answer.LargeNumber, timeout)
	}
	return nil
}

// deadline is more than what clients have without one, which is 5 s for both.
func deadline(p *peer) error {
	return expectLeft(p, &probe.Note{}, 50*time.Second, 10000)
}

// nestedDeadline is less than that.
func nestedDeadline(p *peer) error {
	return expectLeft(p, &probe.Note{Text: p.other}, 4*time.Second, 0)
}

func cancel(p *peer) error {
	return isTold(p, func() error {
		ctx, done := context.WithCancel(context.Background())
		time.AfterFunc(300*time.Millisecond, done)
		_, err := p.probe().Wait(ctx, &probe.Note{}, p.direct())
		return expectCode(err, 408)
	})
}

func cancelServerStream(p *peer) error {
	return isTold(p, func() error {
		stream, err := p.probe().WaitLater(context.Background(), &probe.Note{Text: "first"}, p.direct())
		if err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
		return stream.Close()
	})
}

// cancelBidi by the context: Close of the stream half-closes it too, and either may come first.
func cancelBidi(p *peer) error {
	return isTold(p, func() error {
		ctx, done := context.WithCancel(context.Background())
		defer done()
		stream, err := p.probe().Chat(ctx, p.direct())
		if err != nil {
			return err
		}
		if err := stream.Send(&probe.Note{Text: "first"}); err != nil {
			return err
		}
		_, err = stream.Recv()
		return err
	})
}

// tooLargeRequest is refused, and what comes after it is not.
func tooLargeRequest(p *peer) error {
	if err := p.client().Init(clientgrpc.MaxSendMsgSize(4 * limit)); err != nil {
		return err
	}
	_, err := p.probe().Echo(context.Background(), &probe.Note{Blob: make([]byte, limit+1)}, p.direct())
	e, ok := err.(*errors.Error)
	if !ok || (e.Code != 500 && e.Code != 429) || !strings.Contains(e.Detail, fmt.Sprint(limit)) {
		return wanted("the error", err, "what the limit is")
	}
	return unary(p)
}

func tooLargeAnswer(p *peer) error {
	_, err := p.probe().Make(context.Background(), &probe.Note{LargeNumber: limit + 1}, p.direct())
	e, ok := err.(*errors.Error)
	if !ok || e.Code != 500 || !strings.Contains(e.Detail, "larger than max") {
		return wanted("the error", err, "larger than max")
	}
	return unary(p)
}
