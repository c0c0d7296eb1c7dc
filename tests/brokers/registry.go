// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/ioutil"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/micro/go-micro/v2/registry"
)

// folder is our local registry, as far as a broker of go-micro needs it: see local-registry(7).
type folder struct {
	token string
	owner *os.File
}

func (f *folder) path(name string) string {
	return filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "micro", "registry", name)
}

// live makes the locked file by which others see that this process is there.
func (f *folder) live() error {
	if f.owner != nil {
		return nil
	}
	f.token = fmt.Sprintf("%d-%016x", os.Getpid(), time.Now().UnixNano())
	file, err := os.Create(f.path("." + f.token))
	if err != nil {
		return err
	}
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &lock); err != nil {
		return err
	}
	f.owner = file
	return os.Rename(f.path("."+f.token), f.path(f.token+".owner"))
}

func (f *folder) Register(s *registry.Service, _ ...registry.RegisterOption) error {
	if err := f.live(); err != nil {
		return err
	}
	for _, node := range s.Nodes {
		one := *s
		one.Nodes = []*registry.Node{node}
		text, err := json.Marshal(one)
		if err != nil {
			return err
		}
		name := url.PathEscape(s.Name) + "@" + url.PathEscape(node.Id) + ".json"
		record := fmt.Sprintf(`{"owner":"%s",%s`, f.token, text[1:])
		if err := ioutil.WriteFile(f.path("."+name), []byte(record), 0o600); err != nil {
			return err
		}
		if err := os.Rename(f.path("."+name), f.path(name)); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) GetService(name string, _ ...registry.GetOption) ([]*registry.Service, error) {
	files, err := filepath.Glob(f.path(url.PathEscape(name) + "@*.json"))
	if err != nil {
		return nil, err
	}
	versions := map[string]*registry.Service{}
	for _, file := range files {
		text, err := ioutil.ReadFile(file)
		if err != nil {
			continue
		}
		var service registry.Service
		if err := json.Unmarshal(text, &service); err != nil {
			return nil, err
		}
		if known := versions[service.Version]; known != nil {
			known.Nodes = append(known.Nodes, service.Nodes...)
		} else {
			versions[service.Version] = &service
		}
	}
	var services []*registry.Service
	for _, service := range versions {
		services = append(services, service)
	}
	if len(services) == 0 {
		return nil, registry.ErrNotFound
	}
	return services, nil
}

type watcher struct{}

func (watcher) Next() (*registry.Result, error) { select {} }
func (watcher) Stop()                           {}

func (f *folder) Watch(...registry.WatchOption) (registry.Watcher, error) { return watcher{}, nil }
func (f *folder) Init(...registry.Option) error                           { return nil }
func (f *folder) Options() registry.Options                               { return registry.Options{} }
func (f *folder) String() string                                          { return "local" }

func (f *folder) Deregister(*registry.Service, ...registry.DeregisterOption) error { return nil }

func (f *folder) ListServices(...registry.ListOption) ([]*registry.Service, error) {
	return nil, errors.New("not needed")
}
