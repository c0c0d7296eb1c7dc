# SPDX-License-Identifier: Apache-2.0
"""Called by tests/kubernetes/run: cases.py BUILD [--long] [PATTERN…]."""
import sys

import cases_auth  # noqa: F401
import cases_brokers  # noqa: F401
import cases_calls  # noqa: F401
import cases_config  # noqa: F401
import cases_controller  # noqa: F401
import cases_faults  # noqa: F401
import cases_initial  # noqa: F401
import cases_manifests  # noqa: F401
import cases_own_pod  # noqa: F401
import cases_peers  # noqa: F401
import cases_policy  # noqa: F401
import cases_register  # noqa: F401
import cases_replay  # noqa: F401
import cases_scale  # noqa: F401
import cases_slices  # noqa: F401
import cases_soak  # noqa: F401
import cases_static  # noqa: F401
import cases_tool  # noqa: F401
import cases_versions  # noqa: F401
import cases_watch  # noqa: F401
import cases_wire  # noqa: F401
import harness

if __name__ == '__main__':
    sys.exit(harness.main(sys.argv[1], sys.argv[2:]))
