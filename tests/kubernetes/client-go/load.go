// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

var (
	events = flag.Int("events", 10000, "churn: how many")
	rate   = flag.Float64("rate", 700, "churn: of them a second")
)

const workers = 16

func administrator() *kubernetes.Clientset {
	config := configuration()
	config.QPS = -1
	config.ContentType = "application/vnd.kubernetes.protobuf"
	clients, err := kubernetes.NewForConfig(config)
	fail(err)
	return clients
}

// inParallel calls work for 0 to n - 1.
func inParallel(n int, work func(int)) {
	var group sync.WaitGroup
	todo := make(chan int, workers)
	for range workers {
		group.Go(func() {
			for i := range todo {
				work(i)
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	group.Wait()
}

func patchStatus(clients *kubernetes.Clientset, service, replica int, to core.PodStatus) {
	patch, err := json.Marshal(map[string]any{"status": to})
	fail(err)
	_, err = clients.CoreV1().Pods(*namespace).Patch(context.Background(), podName(service, replica),
		types.MergePatchType, patch, meta.PatchOptions{FieldManager: "kubelet"}, "status")
	fail(err)
}

// fill makes all pods and slices.
func fill() {
	clients := administrator()
	inParallel(*services**replicas, func(i int) {
		service, replica := i / *replicas, i%*replicas
		_, err := clients.CoreV1().Pods(*namespace).Create(context.Background(), pod(service, replica),
			meta.CreateOptions{FieldManager: "kube-controller-manager"})
		fail(err)
		patchStatus(clients, service, replica, status(service, replica, true, 0))
	})
	inParallel(*services, func(service int) {
		_, err := clients.DiscoveryV1().EndpointSlices(*namespace).Create(context.Background(),
			slice(service), meta.CreateOptions{FieldManager: "kube-controller-manager"})
		fail(err)
	})
	fmt.Println("filled")
}

// Groups of events: each makes one pod unready, and ready the pod of a group this far back, which is
// time enough that the two are not on their way together.
const (
	group = 8
	back  = 8
)

// churn is what kubelets report: a quarter of it makes a pod ready or not, the rest is nothing that
// a caller of the service would notice. All are ready in the end. Service 0 is left alone.
func churn() {
	clients := administrator()
	begin := time.Now()
	send := func(at int, ready bool) {
		at %= (*services - 1) * *replicas
		service, replica := at / *replicas + 1, at%*replicas
		patchStatus(clients, service, replica, status(service, replica, ready, at))
	}
	first := func(of int) int { return of * group * 37 }
	groups := *events / group
	inParallel(groups*group, func(i int) {
		time.Sleep(time.Until(begin.Add(time.Duration(float64(i) / *rate * float64(time.Second)))))
		this, part := i/group, i%group
		switch {
		case part == 0:
			send(first(this), false)
		case part == 1 && this >= back:
			send(first(this-back), true)
		default:
			send(first(this)+part, true)
		}
	})
	fmt.Printf("churned %.2f\n", time.Since(begin).Seconds())
	for this := max(0, groups-back); this < groups; this++ {
		send(first(this), true)
	}
}
