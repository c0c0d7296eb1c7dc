/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Everything that a service, a client or a plugin needs, but for what a transport is made of:
 * <micro/micro-transport.h>.
 */
#pragma once

#include <micro/micro-app.h>
#include <micro/micro-broker.h>
#include <micro/micro-cache.h>
#include <micro/micro-call.h>
#include <micro/micro-checks.h>
#include <micro/micro-client.h>
#include <micro/micro-codec.h>
#include <micro/micro-config-source.h>
#include <micro/micro-config.h>
#include <micro/micro-duration.h>
#include <micro/micro-endpoint.h>
#include <micro/micro-error.h>
#include <micro/micro-event.h>
#include <micro/micro-finding.h>
#include <micro/micro-header.h>
#include <micro/micro-health.h>
#include <micro/micro-inbox.h>
#include <micro/micro-interceptor.h>
#include <micro/micro-loop.h>
#include <micro/micro-metadata.h>
#include <micro/micro-method.h>
#include <micro/micro-node.h>
#include <micro/micro-plugin.h>
#include <micro/micro-policy.h>
#include <micro/micro-registry.h>
#include <micro/micro-request.h>
#include <micro/micro-selector.h>
#include <micro/micro-server.h>
#include <micro/micro-service.h>
#include <micro/micro-settings.h>
#include <micro/micro-stream.h>
#include <micro/micro-types.h>
#include <micro/micro-version.h>
#include <micro/micro-watcher.h>
