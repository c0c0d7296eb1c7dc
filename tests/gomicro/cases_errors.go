// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

package main

import (
	"bytes"
	"context"
	"strings"
	"time"

	"example.org/micro-gomicro/probe"

	"github.com/golang/protobuf/proto"
	"github.com/micro/go-micro/v2/client"
	"github.com/micro/go-micro/v2/errors"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var failures = []*probe.Failure{
	{Id: "go.micro.srv.probe", Code: 400, Detail: "bad"},
	{Id: "go.micro.srv.probe", Code: 401, Detail: "who?"},
	{Id: "go.micro.srv.probe", Code: 402, Detail: "pay"},
	{Id: "go.micro.srv.probe", Code: 403, Detail: "no"},
	{Id: "go.micro.srv.probe", Code: 404, Detail: "no such user"},
	{Id: "go.micro.srv.probe", Code: 405, Detail: "not so"},
	{Id: "go.micro.srv.probe", Code: 408, Detail: "late"},
	{Id: "go.micro.srv.probe", Code: 409, Detail: "there is one"},
	{Id: "go.micro.srv.probe", Code: 410, Detail: "gone"},
	{Id: "go.micro.srv.probe", Code: 412, Detail: "not yet"},
	{Id: "go.micro.srv.probe", Code: 413, Detail: "large"},
	{Id: "go.micro.srv.probe", Code: 418, Detail: "teapot"},
	{Id: "go.micro.srv.probe", Code: 422, Detail: "no sense"},
	{Id: "go.micro.srv.probe", Code: 429, Detail: "slower"},
	{Id: "go.micro.srv.probe", Code: 451, Detail: "law"},
	{Id: "go.micro.srv.probe", Code: 500, Detail: "broken"},
	{Id: "go.micro.srv.probe", Code: 501, Detail: "not there"},
	{Id: "go.micro.srv.probe", Code: 502, Detail: "them"},
	{Id: "go.micro.srv.probe", Code: 503, Detail: "busy"},
	{Id: "go.micro.srv.probe", Code: 504, Detail: "they are late"},
	{Id: "go.micro.srv.probe", Code: 511, Detail: "log in"},
	{Id: "go.micro.srv.probe", Code: 599, Detail: "no status of HTTP"},
	{Id: "go.micro.srv.probe", Code: 12345, Detail: "nor this"},
	{Id: "go.micro.srv.probe", Code: 404, Detail: ""},
	{Id: "grüße", Code: 404, Detail: "100 % \"quoted\" \\ <b>&amp;\t\n\r\x01\x1f\x7f ☺ 😈 \u2028\u2029 end"},
}

func asError(failure *probe.Failure) *errors.Error {
	return errors.New(failure.Id, failure.Detail, failure.Code).(*errors.Error)
}

func sameError(came error, expected *errors.Error) error {
	if e, ok := came.(*errors.Error); !ok || !proto.Equal(e, expected) {
		return wanted("the error", came, expected)
	}
	return nil
}

func allErrors(p *peer) error {
	for _, failure := range failures {
		_, err := p.probe().Fail(context.Background(), failure, p.direct())
		if err := sameError(err, asError(failure)); err != nil {
			return err
		}
	}
	return nil
}

// allErrorsInStream come as gRPC's there, with go-micro's in the details and in the message.
func allErrorsInStream(p *peer) error {
	for _, failure := range failures {
		stream, err := p.probe().FailLater(context.Background(), failure, p.direct())
		if err != nil {
			return err
		}
		if _, err = stream.Recv(); err != nil {
			return err
		}
		_, err = stream.Recv()
		answer := status.Convert(err)
		if err := sameError(errors.Parse(answer.Message()), asError(failure)); err != nil {
			return err
		}
		if len(answer.Details()) != 1 {
			return wanted("the details", answer.Details(), asError(failure))
		}
		detail, _ := answer.Details()[0].(error)
		if err := sameError(detail, asError(failure)); err != nil {
			return err
		}
	}
	return nil
}

// rawCall is one past go-micro's client.
func rawCall(address, path string, request, answer proto.Message) error {
	ctx, done := context.WithTimeout(context.Background(), 20*time.Second)
	defer done()
	connection, err := grpc.DialContext(ctx, address, grpc.WithInsecure(), grpc.WithBlock())
	if err != nil {
		return err
	}
	defer connection.Close()
	return connection.Invoke(ctx, path, request, answer)
}

// sameBytes compares what the two servers send: the text of the error, and its details.
func sameBytes(p *peer) error {
	for _, failure := range failures {
		ourErr := rawCall(p.address, "/probe.Probe/Fail", failure, &probe.Note{})
		theirErr := rawCall(p.other, "/probe.Probe/Fail", failure, &probe.Note{})
		ours, theirs := status.Convert(ourErr).Proto(), status.Convert(theirErr).Proto()
		if ours.Code != theirs.Code || ours.Message != theirs.Message {
			return wanted("the status", ours, theirs)
		}
		if len(ours.Details) != 1 || len(theirs.Details) != 1 ||
			ours.Details[0].TypeUrl != theirs.Details[0].TypeUrl ||
			!bytes.Equal(ours.Details[0].Value, theirs.Details[0].Value) {
			return wanted("the details", ours, theirs)
		}
	}
	return nil
}

// plainError has no id: a status of gRPC's, for which go-micro's client says 500.
func plainError(p *peer) error {
	_, err := p.probe().Fail(context.Background(), &probe.Failure{Code: 404, Detail: "no such user"},
		p.direct())
	e, ok := err.(*errors.Error)
	if !ok || e.Detail != "no such user" {
		return wanted("the error", err, "no such user")
	}
	return nil
}

// notRetried is an error that go-micro takes for final, since its code is neither 408 nor 500.
func notRetried(p *peer) error {
	tries := 0
	_, err := p.probe().Fail(context.Background(), failures[4], p.direct(client.WithRetries(3),
		client.WithRetry(func(ctx context.Context, request client.Request, count int, err error) (bool, error) {
			tries++
			return client.RetryOnError(ctx, request, count, err)
		})))
	if tries != 1 {
		return wanted("tries", tries, 1)
	}
	return sameError(err, asError(failures[4]))
}

func unknown(path string) func(*peer) error {
	return func(p *peer) error {
		err := rawCall(p.address, path, &probe.Note{}, &probe.Note{})
		if status.Code(err) != codes.Unimplemented {
			return wanted("the status", err, codes.Unimplemented)
		}
		request := p.client().NewRequest(serviceName, path, &probe.Note{})
		err = p.client().Call(context.Background(), request, &probe.Note{}, p.direct())
		e, ok := err.(*errors.Error)
		if !ok || (e.Code != 500 && e.Code != 501) || !strings.Contains(e.Detail, "unknown") {
			return wanted("the error", err, "unknown …")
		}
		return nil
	}
}
