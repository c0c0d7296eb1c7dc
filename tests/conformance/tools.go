// SPDX-License-Identifier: Apache-2.0
// Copyright The micro authors

//go:build tools

// Package tools names the suite, so that go.mod pins it.
package tools

import _ "connectrpc.com/conformance/cmd/connectconformance"
