# SPDX-License-Identifier: Apache-2.0
# In that Debian: the files of packages and of all that they need, a line each, for tar; and in
# /root/status.d of which packages they are, for those who look for outdated ones.
set -eu
program=$1
shift
files=$(mktemp)
{
  echo "$program"
  dpkg-query -L "$@" | grep -E '^/usr/(bin|lib)/' || true
  # TLS for what uses GIO's, as the registry of a cluster does.
  case " $* " in *' micro-k8s-registry '*) ls /usr/lib/*/gio/modules/libgiognutls.so ;; esac
} | while read -r file; do [ -d "$file" ] || echo "$file"; done | sort -u >"$files"

# Every library, by the name that it is looked for and as the file that this leads to.
grep -E '/bin/|\.so$' "$files" | xargs ldd 2>/dev/null |
  sed -n 's/.* => \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\) (.*/\1/p' | sort -u |
  while read -r library; do echo "$library"; realpath "$library"; done >>"$files"
echo /etc/ssl/certs/ca-certificates.crt >>"$files"

# /lib is a link to /usr/lib, in the image too.
sed -E 's,^/(lib|lib64|bin|sbin)/,/usr/\1/,' "$files" | sort -u >"$files.all"
mkdir -p /root/status.d
{ sed -E 's,^/usr/(lib|lib64)/,/\1/,' "$files.all"; cat "$files.all"; } | xargs dpkg-query -S 2>/dev/null |
  sed 's/: .*//; s/:amd64//; s/:arm64//' | tr -d ' ' | tr , '\n' | sort -u |
  while read -r package; do
    dpkg-query -s "$package" >"/root/status.d/$package"
    echo "/usr/share/doc/$package/copyright" >>"$files.all"
    echo "/root/status.d/$package" >>"$files.all"
  done
while read -r file; do [ ! -e "$file" ] || echo "${file#/}"; done <"$files.all"
