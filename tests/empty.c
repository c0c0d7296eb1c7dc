/* SPDX-License-Identifier: Apache-2.0
 * Copyright The micro authors
 *
 * Keeps the library of plugins under test from being empty when all are linked in.
 */
typedef int micro_tests_empty;
