/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * The methods of the greeter that stream.
 */
#pragma once

#include "greeter.micro.h"

void greeter_streams_add (GreeterSayHandlers *handlers);
