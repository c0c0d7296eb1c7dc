// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"time"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Service 0 is the one that is probed: its pod 0 gets new records, its pod 1 is ready or not.
func serviceName(service int) string { return fmt.Sprintf("service-%04d", service) }

func podName(service, replica int) string {
	return fmt.Sprintf("service-%04d-6d4cf56db6-%05d", service, replica)
}

func podIP(service, replica int) string {
	n := service**replicas + replica
	return fmt.Sprintf("10.%d.%d.%d", 128+n/62500, n/250%250, n%250+1)
}

type value struct {
	Name   string  `json:"name"`
	Type   string  `json:"type"`
	Values []value `json:"values"`
}

type endpoint struct {
	Name     string            `json:"name"`
	Request  *value            `json:"request"`
	Response *value            `json:"response"`
	Metadata map[string]string `json:"metadata"`
}

type node struct {
	ID       string            `json:"id"`
	Address  string            `json:"address"`
	Metadata map[string]string `json:"metadata"`
}

type entry struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Metadata  map[string]string `json:"metadata"`
	Endpoints []endpoint        `json:"endpoints"`
	Nodes     []node            `json:"nodes"`
}

// record is go-micro's, of a service with two methods: about 1,000 bytes.
func record(service, replica, sequence int) string {
	method := func(name string) endpoint {
		return endpoint{Name: name,
			Request: &value{name + "Request", name + "Request",
				[]value{{"name", "string", nil}}},
			Response: &value{name + "Response", name + "Response",
				[]value{{"msg", "string", nil}}},
			Metadata: map[string]string{"stream": "false"}}
	}
	details := map[string]string{"broker": "http", "protocol": "grpc", "registry": "kubernetes",
		"server": "grpc", "transport": "grpc"}
	if sequence > 0 {
		details["seq"] = fmt.Sprint(sequence)
	}
	text, err := json.Marshal(entry{Name: serviceName(service), Version: "1.0.0",
		Endpoints: []endpoint{method("Say.Hello"), method("Say.Goodbye")},
		Nodes: []node{{ID: serviceName(service) + "-" + podName(service, replica),
			Address: podIP(service, replica) + ":8080", Metadata: details}}})
	fail(err)
	return string(text)
}

// pod is like one of a Deployment.
func pod(service, replica int) *core.Pod {
	name, lie := serviceName(service), false
	set := core.ResourceList{core.ResourceCPU: resource.MustParse("100m"),
		core.ResourceMemory: resource.MustParse("64Mi")}
	return &core.Pod{
		ObjectMeta: meta.ObjectMeta{Name: podName(service, replica),
			Labels: map[string]string{"app": name, "pod-template-hash": "6d4cf56db6",
				"micro.mu/type": "service", "micro.mu/selector-" + name: "service"},
			Annotations: map[string]string{"micro.mu/service-" + name: record(service, replica, 0)}},
		Spec: core.PodSpec{AutomountServiceAccountToken: &lie, NodeName: fmt.Sprintf("node-%03d", (service+replica)%200),
			Containers: []core.Container{{Name: "main", Image: "registry.example.org/" + name + ":1.0.0",
				Args:      []string{"--server-address=0.0.0.0:8080", "--health=http"},
				Ports:     []core.ContainerPort{{Name: "grpc", ContainerPort: 8080}},
				Resources: core.ResourceRequirements{Requests: set, Limits: set}}}},
	}
}

// status is what a kubelet says of it.
func status(service, replica int, ready bool, restarts int) core.PodStatus {
	since := meta.NewTime(time.Now().Truncate(time.Second))
	is := core.ConditionFalse
	if ready {
		is = core.ConditionTrue
	}
	condition := func(kind core.PodConditionType, value core.ConditionStatus) core.PodCondition {
		return core.PodCondition{Type: kind, Status: value, LastTransitionTime: since}
	}
	image := "registry.example.org/" + serviceName(service)
	ip := podIP(service, replica)
	return core.PodStatus{Phase: core.PodRunning, HostIP: "10.0.0.7", PodIP: ip,
		PodIPs: []core.PodIP{{IP: ip}}, StartTime: &since, QOSClass: core.PodQOSGuaranteed,
		Conditions: []core.PodCondition{condition(core.PodInitialized, core.ConditionTrue),
			condition(core.PodReady, is), condition(core.ContainersReady, is),
			condition(core.PodScheduled, core.ConditionTrue)},
		ContainerStatuses: []core.ContainerStatus{{Name: "main", Ready: ready, Image: image + ":1.0.0",
			RestartCount: int32(restarts), ImageID: image +
				"@sha256:6a1c9ab5a1ff7f4dd7e8f2b3c9f1f7e1a3d8b1a2f5c44e0c7f2fbd6f0e2a9b77",
			ContainerID: "containerd://4f6c6f0d9be4c4b0a3f3a7c1e9a64b1de1f0c1c77f2d3b2a4e5f60718293a4b5",
			State:       core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: since}}}}}
}

// slice is the one of a service: the same pods, as a Service would have them.
func slice(service int) *discovery.EndpointSlice {
	grpc, tcp, port := "grpc", core.ProtocolTCP, int32(8080)
	result := &discovery.EndpointSlice{AddressType: discovery.AddressTypeIPv4,
		ObjectMeta: meta.ObjectMeta{Name: serviceName(service) + "-x7k2p",
			Labels: map[string]string{discovery.LabelServiceName: serviceName(service),
				discovery.LabelManagedBy: "endpointslice-controller.k8s.io"}},
		Ports: []discovery.EndpointPort{{Name: &grpc, Protocol: &tcp, Port: &port}}}
	truth, lie := true, false
	for replica := range *replicas {
		on := fmt.Sprintf("node-%03d", (service+replica)%200)
		result.Endpoints = append(result.Endpoints, discovery.Endpoint{
			Addresses: []string{podIP(service, replica)}, NodeName: &on,
			Conditions: discovery.EndpointConditions{Ready: &truth, Serving: &truth, Terminating: &lie},
			TargetRef: &core.ObjectReference{Kind: "Pod", Namespace: *namespace,
				Name: podName(service, replica), UID: "0c4b5a3e-8d0e-4c55-9a5e-6f6a2f3d7c11"}})
	}
	return result
}
