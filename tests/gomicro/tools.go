// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

//go:build tools

// Package tools names the generators, so that go.mod pins them.
package main

import (
	_ "github.com/golang/protobuf/protoc-gen-go"
	_ "github.com/micro/micro/v2/cmd/protoc-gen-micro"
)
