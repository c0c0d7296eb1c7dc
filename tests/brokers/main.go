// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

// A publisher and a subscriber on go-micro's brokers:
//
//	gobroker http|nats ADDRESS publish TOPIC BODY
//	gobroker http|nats ADDRESS subscribe TOPIC [QUEUE]
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/micro/go-micro/v2/broker"
	"github.com/micro/go-micro/v2/broker/nats"
)

func newBroker(kind, address string) broker.Broker {
	options := []broker.Option{broker.Registry(&folder{}), broker.Addrs(address)}
	if kind == "nats" {
		return nats.NewBroker(options...)
	}
	return broker.NewBroker(options...)
}

func subscribe(b broker.Broker, topic string, options ...broker.SubscribeOption) error {
	_, err := b.Subscribe(topic, func(event broker.Event) error {
		message := event.Message()
		fmt.Printf("%s %s Content-Type=%s\n", event.Topic(), message.Body, message.Header["Content-Type"])
		return nil
	}, options...)
	if err != nil {
		return err
	}
	fmt.Println("subscribed")
	select {}
}

func publish(b broker.Broker, topic, body string) error {
	message := &broker.Message{
		Header: map[string]string{"Content-Type": "application/json", "Trace": "gó"},
		Body:   []byte(body),
	}
	if err := b.Publish(topic, message); err != nil {
		return err
	}
	// It publishes in the background.
	time.Sleep(500 * time.Millisecond)
	return nil
}

func run() error {
	b := newBroker(os.Args[1], os.Args[2])
	if err := b.Init(); err != nil {
		return err
	}
	if err := b.Connect(); err != nil {
		return err
	}
	if os.Args[3] == "publish" {
		return publish(b, os.Args[4], os.Args[5])
	}
	if len(os.Args) > 5 {
		return subscribe(b, os.Args[4], broker.Queue(os.Args[5]))
	}
	return subscribe(b, os.Args[4])
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: gobroker http|nats ADDRESS publish|subscribe TOPIC [BODY|QUEUE]")
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gobroker:", err)
		os.Exit(1)
	}
}
