// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	access "k8s.io/apimachinery/pkg/api/meta"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

var (
	mode     = flag.String("mode", "pods", "watch: pods, or endpoints")
	selector = flag.String("selector", "", "watch: of labels")
	tuned    = flag.Bool("tuned", false, "watch: protobuf, and no managedFields are kept")
	clients  = flag.Int("clients", 1, "watch: how many, each with a connection of its own")
)

var output sync.Mutex

func say(format string, arguments ...any) {
	output.Lock()
	defer output.Unlock()
	fmt.Printf(format+"\n", arguments...)
}

func now() float64 {
	var time unix.Timespec
	fail(unix.ClockGettime(unix.CLOCK_MONOTONIC, &time))
	return float64(time.Nano()) / 1e9
}

// client is a shared informer with what a lister by service needs.
type client struct {
	number   int
	informer cache.SharedIndexInformer
	probed   string
	last     string
}

// serviceOf is the name of the service that an object belongs to.
func serviceOf(object any) string {
	if slice, is := object.(*discovery.EndpointSlice); is {
		return slice.Labels[discovery.LabelServiceName]
	}
	for label := range object.(*core.Pod).Labels {
		if name, found := strings.CutPrefix(label, "micro.mu/selector-"); found {
			return name
		}
	}
	return ""
}

func isReady(pod *core.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == core.PodReady {
			return condition.Status == core.ConditionTrue
		}
	}
	return false
}

// state is what a caller of a service would be given: the seq in one pod's record, how many nodes.
func (c *client) state(service string) (string, int) {
	sequence, nodes := "0", 0
	objects, err := c.informer.GetIndexer().ByIndex("service", service)
	fail(err)
	for _, object := range objects {
		switch one := object.(type) {
		case *core.Pod:
			if isReady(one) {
				nodes++
			}
			_, after, found := strings.Cut(one.Annotations["micro.mu/service-"+service], `"seq":"`)
			if found {
				sequence, _, _ = strings.Cut(after, `"`)
			}
		case *discovery.EndpointSlice:
			for _, endpoint := range one.Endpoints {
				if *endpoint.Conditions.Ready {
					nodes++
				}
			}
		}
	}
	return sequence, nodes
}

func (c *client) look(object any) {
	if tombstone, is := object.(cache.DeletedFinalStateUnknown); is {
		object = tombstone.Obj
	}
	if c.probed == "" || serviceOf(object) != c.probed {
		return
	}
	at := now()
	sequence, nodes := c.state(c.probed)
	state := fmt.Sprintf("%s/%d", sequence, nodes)
	if state != c.last {
		c.last = state
		say("seen %s %.6f %d", state, at, c.number)
	}
}

func dropManagedFields(object any) (any, error) {
	if one, err := access.Accessor(object); err == nil {
		one.SetManagedFields(nil)
	}
	return object, nil
}

func newClient(number int, probed string) *client {
	config := configuration()
	config.UserAgent = "client-go-bench"
	// One transport is shared by all that are configured alike, unless they dial in their own way.
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}
	if *tuned {
		config.ContentType = "application/vnd.kubernetes.protobuf"
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	}
	set, err := kubernetes.NewForConfig(config)
	fail(err)
	factory := informers.NewSharedInformerFactoryWithOptions(set, 0,
		informers.WithNamespace(*namespace),
		informers.WithTweakListOptions(func(options *meta.ListOptions) {
			options.LabelSelector = *selector
		}))
	c := &client{number: number, probed: probed}
	if *mode == "endpoints" {
		c.informer = factory.Discovery().V1().EndpointSlices().Informer()
	} else {
		c.informer = factory.Core().V1().Pods().Informer()
	}
	if *tuned {
		fail(c.informer.SetTransform(dropManagedFields))
	}
	fail(c.informer.AddIndexers(cache.Indexers{"service": func(object any) ([]string, error) {
		return []string{serviceOf(object)}, nil
	}}))
	_, err = c.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: c.look, UpdateFunc: func(_, object any) { c.look(object) }, DeleteFunc: c.look})
	fail(err)
	factory.Start(context.Background().Done())
	return c
}

type crowd struct {
	clients []*client
	probed  string
}

// synchronise starts the informers, and waits until each has been given everything.
func (all *crowd) synchronise() {
	for number := range *clients {
		all.clients = append(all.clients, newClient(number, all.probed))
	}
	for _, one := range all.clients {
		for !one.informer.HasSynced() { // WaitForCacheSync() looks ten times a second only
			time.Sleep(time.Millisecond)
		}
	}
	say("synced %d", len(all.clients[0].informer.GetIndexer().ListIndexFuncValues("service")))
}

func (all *crowd) lookup(times int) {
	one := all.clients[0]
	names := one.informer.GetIndexer().ListIndexFuncValues("service")
	begin, found := time.Now(), 0
	for i := range times {
		objects, err := one.informer.GetIndexer().ByIndex("service", names[i%len(names)])
		fail(err)
		if len(objects) > 0 {
			found++
		}
	}
	if found != times {
		say("error only %d of %d lookups found something", found, times)
		return
	}
	say("lookup %.1f", float64(time.Since(begin).Nanoseconds())/float64(times))
}

func (all *crowd) nodes() {
	sum := 0
	for _, name := range all.clients[0].informer.GetIndexer().ListIndexFuncValues("service") {
		_, nodes := all.clients[0].state(name)
		sum += nodes
	}
	say("nodes %d", sum)
}

// watch obeys the lines that tests/kubernetes/watcher.c does, and "trim": frees what it can.
func watch() {
	all := &crowd{}
	say("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "probe": // before sync
			all.probed = argument
			say("probing")
		case "sync":
			all.synchronise()
		case "keep": // an informer keeps everything
			say("kept %d", len(all.clients[0].informer.GetIndexer().ListIndexFuncValues("service")))
		case "nodes":
			all.nodes()
		case "lookup":
			times, err := strconv.Atoi(argument)
			fail(err)
			all.lookup(times)
		case "trim":
			debug.FreeOSMemory()
			say("trimmed")
		default:
			say("error what is %q?", command)
		}
	}
}
