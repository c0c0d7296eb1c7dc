# SPDX-License-Identifier: Apache-2.0
# In the Debian that the images are made of: our packages, and the greeter, compiled there.
set -eu
apt_get () { apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }
apt_get update
# Programs and plugins beside what they are made with; dbgsym packages are no part of an image.
apt_get install --no-install-recommends gcc libc6-dev make pkgconf $(ls /debs/*.deb | grep -v -- -dbgsym_)
mkdir /root/greeter
cd /root/greeter
make -f /usr/share/doc/micro-doc/examples/greeter/plain.mk CFLAGS='-O2 -D_FORTIFY_SOURCE=2'
install -s greeter-service /usr/bin/greeter
