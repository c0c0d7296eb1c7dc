// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

//go:build tools

// Package tools names grpc-go's interop programs, so that go.mod pins them.
package tools

import (
	_ "google.golang.org/grpc/interop/client"
	_ "google.golang.org/grpc/interop/server"
)
