// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

//go:build tools

// Package tools names the clients, so that go.mod pins them.
package tools

import (
	_ "github.com/bufbuild/buf/cmd/buf"
	_ "github.com/fullstorydev/grpcurl/cmd/grpcurl"
	_ "github.com/grpc-ecosystem/grpc-health-probe"
)
