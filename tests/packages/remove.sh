# SPDX-License-Identifier: Apache-2.0
# In the fresh Debian: taken away, the packages leave nothing behind, and what was built runs on
# with the library alone.
. /cases/cases.sh
ours=$(dpkg-query -W -f '${Package}\n' | grep -E '^(lib)?micro(-|$)')

check 'the development files go' apt_get remove libmicro-dev
check 'and what was built runs on' says 'serves|Usage|usage' ./greeter/greeter-service --help
check 'all are removed' apt_get purge $ours
files_of () { dpkg-query -W -f '${Package}\n' | grep -E '^(lib)?micro(-|$)'; }
check 'none is left' bash -c "$(declare -f files_of); ! files_of"
left () { find /usr /etc /var/lib /opt -path /var/lib/apt -prune -o -iname '*micro*' -print | sort >/tmp/left; comm -23 /tmp/left <(sort /root/before); }
check 'no file is left' bash -c "$(declare -f left); left | tee /dev/stderr | wc -l | grep -qx 0"
check 'what needs it says so' refuses 'libmicro-1.so.0' ./greeter/greeter-service --help
echo 'ended: remove'
