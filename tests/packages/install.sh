# SPDX-License-Identifier: Apache-2.0
# In the fresh Debian: installs the packages one after the other, each with what it must bring.
. /cases/cases.sh
apt_get update || exit 1

files () { find / -xdev \( -path /tmp -o -path /root -o -path /debs -o -path /cases -o -path /proc -o -path /var/cache \
  -o -path /var/log -o -path /var/lib/dpkg -o -path /var/lib/apt \) -prune -o -print | sort; }
# What the packages need, without them: so that what is left over by them can be told.
dependencies=$(for deb in /debs/*.deb; do dpkg-deb -f "$deb" Depends; done | tr ',|' '\n\n' |
  sed 's/(.*//; s/ //g' | sort -u | grep -vE '^(lib)?micro(-|$)|^$')
check 'what they depend on is in Debian' apt_get install --no-install-recommends $dependencies
files >/root/before

links_resolve () { ! ldd "$@" 2>&1 | grep 'not found'; }
check 'libmicro-1-0 alone' install_debs libmicro-1-0
check 'the tool' install_debs micro
check 'the tool runs' says '^micro 0|0\.1' micro version
check 'the tool lists nothing' says 'No services' micro list
check 'a pod without its registry says so' refuses 'kubernetes-registry.so' micro --registry=kubernetes list
check 'no plugin file is hidden by one that is linked in' bash -c '! micro plugins | grep hides'
check 'health' install_debs micro-health
check 'the plugins' install_debs micro-plugins micro-dns-selector micro-k8s-registry micro-http-broker micro-nats-broker micro-grpc-tls
check 'no plugin is broken' bash -c '! micro plugins 2>&1 | grep -iE "broken|cannot|failed|error"'
for plugin in 'k8s +registry' 'kubernetes +registry' 'http +broker' 'nats +broker' 'http +health' 'dns +selector' 'static +selector' 'random +selector'; do
  check "there is ${plugin/ +/ }" says "^$plugin" micro plugins
done
check 'the registry of a cluster is there' refuses 'KUBERNETES_SERVICE_HOST|API server|cluster' micro --registry=kubernetes list
check 'documentation' install_debs micro-doc
check 'every library is found' links_resolve /usr/bin/micro /usr/bin/micro-health /usr/lib/*/micro-1/*.so /usr/lib/*/micro-1/plugins/*.so
check 'the packages are whole' bash -c '! dpkg --verify micro libmicro-1-0 micro-plugins micro-health | grep .'
check 'nothing is left to configure' bash -c '! dpkg --audit | grep .'
check 'completion is where bash looks for it' bash -c '
  . /usr/share/bash-completion/completions/micro; COMP_WORDS=(micro plug) COMP_CWORD=1 COMP_LINE="micro plug"
  _micro; [[ ${COMPREPLY[*]} == plugins ]]'
check 'installing again changes nothing' apt_get install --reinstall --no-install-recommends /debs/libmicro-1-0_*.deb
echo 'ended: install'
