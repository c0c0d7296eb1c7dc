# SPDX-License-Identifier: Apache-2.0
# In the fresh Debian: what a developer does with libmicro-dev and the examples of micro-doc.
. /cases/cases.sh
examples=/usr/share/doc/micro-doc/examples

check 'the development files' install_debs libmicro-dev
check 'a compiler' apt_get install --no-install-recommends build-essential pkgconf debhelper \
  autoconf automake libtool dpkg-dev
check 'the number of the plugin ABI' says '^1\.[0-9]+$' pkg-config --variable=plugin_abi micro-1
mkdir -p greeter plugin
check 'the greeter builds' make -C greeter -f "$examples/greeter/plain.mk" CFLAGS='-O2 -Wall -Werror'
check 'a plugin builds' make -C plugin -f "$examples/plugin/plain.mk" CFLAGS='-O2 -Wall -Werror'

greeter/greeter-service --server-address=127.0.0.1:0 >greeter.log 2>&1 &
service=$!
check 'it is found' wait_for says '^greeter ' micro list
check 'it answers' says 'Hello John' micro call greeter Say.Hello name=John
check 'its client calls it' says 'Hello' greeter/greeter-client
check 'the plugin is chosen' says 'Hello John' env MICRO_PLUGIN_PATH=plugin micro --selector=last call greeter Say.Hello name=John
check 'without its path it is not' refuses 'last-selector.so' micro --selector=last call greeter Say.Hello name=John
address=$(sed -n 's/.* serves on \([^ ,]*\).*/\1/p' greeter.log | head -n 1)

micro-health --server_name=greeter --server_address="$address" --health_address=127.0.0.1:20081 >health.log 2>&1 &
sidecar=$!
check 'the sidecar says that it is well' wait_for says '^OK$' curl -sf http://127.0.0.1:20081/health
check 'the probe ends with 0' micro-probe --server_name=greeter --server_address="$address"
kill $sidecar
check 'a message goes out by HTTP' micro --broker=http publish orders id:=7
check 'without NATS it says so' refuses 'NATS|4222' micro --broker=nats publish orders id:=7
kill $service
wait $service
check 'it ends well' test $? = 0

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
greeter/greeter-service --server-address=127.0.0.1:0 --tls-cert=cert.pem --tls-key=key.pem >tls.log 2>&1 &
service=$!
check 'over TLS it answers too' wait_for says 'Hello John' micro --tls-ca=cert.pem call greeter Say.Hello name=John
kill $service
wait $service
check 'without the package for TLS it says what is missing' bash -c '
  dpkg --purge micro-grpc-tls && ! timeout 20 greeter/greeter-service --tls-cert=cert.pem --tls-key=key.pem >tls.log 2>&1
  cat tls.log; grep -q grpc-tls.so tls.log'
check 'the package for TLS comes back' install_debs micro-grpc-tls

# The plugin as a package of its own: nothing but its name is to be known.
cp -r "$examples/plugin" package
package () { cd package && dpkg-buildpackage -us -uc -b; }
check 'the plugin becomes a package' package
check 'which asks for the plugin ABI' says '^ Depends:.*micro-plugin-abi-1 \(>= 1\.[0-9]+\)' \
  dpkg-deb -I "$(ls micro-last-selector_*.deb)"
check 'it is installed' apt_get install --no-install-recommends "$PWD/$(ls micro-last-selector_*.deb)"
check 'it is listed' says '^last +selector' micro plugins
greeter/greeter-service --server-address=127.0.0.1:0 >greeter.log 2>&1 &
service=$!
check 'it is picked up by its name' wait_for says 'Hello John' micro --selector=last call greeter Say.Hello name=John
kill $service
wait $service
check 'it goes' apt_get purge micro-last-selector

# And as an RPM package: Debian knows those too, if nothing of what they depend on.
check 'a tool for RPM packages' apt_get install --no-install-recommends rpm
cp -r "$examples/plugin" tarball
make_rpm () { cd tarball && autoreconf -fi && ./configure && make dist && rpmbuild -ta --nodeps last-selector-1.0.tar.gz; }
check 'the plugin becomes an RPM package' make_rpm
rpm=$(find rpmbuild/RPMS -name 'micro-last-selector-1*.rpm')
check 'which asks for the plugin ABI' says '^micro-plugin-abi-1 >= 1\.[0-9]+' rpm -qpR "$rpm"
check 'it is installed from it' rpm -i --nodeps --force-debian "$rpm"
check 'it is picked up from there' says '^last +selector' micro plugins
check 'it goes again' rpm -e micro-last-selector
check 'and is no more' refuses 'last-selector.so' micro --selector=last list
echo 'ended: develop'
