// SPDX-License-Identifier: Apache-2.0

// What tests/kubernetes/bench needs of client-go: a shared informer to be measured, and the load,
// which is the same for whoever is measured.
package main

import (
	"flag"
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	namespace = flag.String("namespace", "default", "where")
	services  = flag.Int("services", 1000, "how many")
	replicas  = flag.Int("replicas", 10, "pods of each")
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func configuration() *rest.Config {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	fail(err)
	return config
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: client-go watch|fill|churn [-OPTION=VALUE…]"))
	}
	run := map[string]func(){"watch": watch, "fill": fill, "churn": churn}[os.Args[1]]
	if run == nil {
		fail(fmt.Errorf("no such thing as %q", os.Args[1]))
	}
	fail(flag.CommandLine.Parse(os.Args[2:]))
	run()
}
