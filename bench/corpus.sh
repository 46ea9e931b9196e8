#!/usr/bin/env bash
# Fetches the benchmark corpus: Debian (bookworm) packages, unpacked, not installed, turned into one JSONL file per domain.
# usage: bench/corpus.sh DIR [smoke|full]     smoke: 75 MB download, 155 MB of text; full: 0.9 GB, 2 GB of text
# Needs apt-get, dpkg and the corpus scripts in ../shared/corpus.
set -euo pipefail
dir=${1:?folder to fill} size=${2:-smoke} scripts=$(cd "$(dirname "$0")/../../shared/corpus" && pwd)
mkdir -p "$dir" && dir=$(cd "$dir" && pwd)
if [ "$size" = full ]; then
  bash "$scripts/fetch.sh" "$dir"
  exec node "$scripts/build.mjs" --root "$dir"
fi
mkdir -p "$dir"/{debs,x,x-src}
apt-get update -qq
languages="de fr es it pt ru zh ja vi el"
packages="libpython3.11-stdlib metamath-databases"
for l in ${languages/pt/pt-br}; do packages+=" manpages-$l"; done
for l in fr es de it pt pt-br zh-cn ja ru ko hi vi el; do packages+=" libreoffice-help-$l"; done
(cd "$dir/debs" && apt-get download -qq $packages)
for deb in "$dir"/debs/*.deb; do
  name=$(basename "$deb" | cut -d_ -f1)
  mkdir -p "$dir/x/$name" && dpkg -x "$deb" "$dir/x/$name"
done
domains=math,code-python
for l in de fr es it pt zh ja ru ko hi vi el; do domains+=,ml-$l; done
exec node "$scripts/build.mjs" --root "$dir" --only "$domains"
