#!/bin/sh
# Boots a Debian or Ubuntu kernel in QEMU, puts load on its vmap layer, and records that with record.sh.
# The load: vmap_load.c, built for the kernel with its headers; Debian's own modules; processes that begin and end.
# usage: record-in-qemu.sh [OPTIONS] [KERNEL PACKAGE [PACKAGES OF ITS HEADERS...]], each a name or a .deb
# Needs the Debian packages qemu-system-x86, busybox-static, cpio, make and the kernel's gcc; no root.
set -eu

out=vmap-log
cpus=2
memory=1024
# Slow, and the same everywhere; kvm is faster, where the machine has it.
accelerator=tcg
calls=2000
seed=1
buffer=16384
tracepoints=
usage() {
  cat >&2 <<'USAGE'
usage: record-in-qemu.sh [OPTIONS] [KERNEL PACKAGE [PACKAGES OF ITS HEADERS...]]
  -o DIRECTORY    where the log is written (vmap-log)
  -c CPUS         of the machine (2)
  -m MEGABYTES    of the machine (1024)
  -a ACCELERATOR  of QEMU (tcg; kvm is faster, where the machine has it)
  -n CALLS        of each thread of the load module (2000); 0: no load module
  -r SEED         of the load module (1)
  -b KILOBYTES    of each CPU's trace buffer (16384); a small one loses events
  -t              tracepoints alone, no kprobes
USAGE
  exit 2
}
while getopts o:c:m:a:n:r:b:t option; do
  case $option in
  o) out=$OPTARG ;;
  c) cpus=$OPTARG ;;
  m) memory=$OPTARG ;;
  a) accelerator=$OPTARG ;;
  n) calls=$OPTARG ;;
  r) seed=$OPTARG ;;
  b) buffer=$OPTARG ;;
  t) tracepoints=-t ;;
  *) usage ;;
  esac
done
shift $((OPTIND - 1))
fail() {
  echo "record-in-qemu.sh: $*" >&2
  exit 2
}
for each in qemu-system-x86_64 busybox cpio dpkg-deb apt-get; do
  command -v "$each" >/dev/null || fail "there is no $each: apt-get install qemu-system-x86 busybox-static cpio"
done
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# A package, by its name or its file, is unpacked into a folder.
unpack() {
  case $1 in
  *.deb) dpkg-deb -x "$1" "$2" ;;
  *) (mkdir "$work/deb" && cd "$work/deb" && apt-get -q download "$1" >&2 && dpkg-deb -x ./*.deb "$2") ;;
  esac || fail "there is no package $1"
  rm -rf "$work/deb"
}

# The packages of this kind that a package depends on.
needs() {
  apt-cache depends "$1" 2>/dev/null | awk -v kind="Depends: linux-($2)-" '$0 ~ kind { print $2 }'
}

package=${1:-$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')}
[ $# -eq 0 ] || shift
unpack "$package" "$work/kernel"
# Since 7.2 Debian's package names others that have the kernel.
for each in $(needs "$package" 'binary|modules'); do unpack "$each" "$work/kernel"; done
vmlinuz=$(find "$work/kernel" -name 'vmlinu[xz]*' | head -n 1)
[ -n "$vmlinuz" ] || fail "$package has no kernel"
modules=$(ls -d "$work"/kernel/lib/modules/* "$work"/kernel/usr/lib/modules/* 2>/dev/null | head -n 1)
# vmlinuz-VERSION in /boot, or VERSION/vmlinuz.
version=$(echo "$vmlinuz" | sed 's|.*/vmlinu[xz]-||; s|/vmlinu[xz]$||; s|.*/||')

# The load module, which needs the headers; without them the load is what Debian's modules make.
build() {
  [ $# -gt 0 ] || set -- "linux-headers-$version" $(needs "linux-headers-$version" '.*headers|kbuild')
  for each in "$@"; do unpack "$each" "$work/headers"; done
  tree=$work/headers/usr/src/linux-headers-$version
  # Debian's begins with an include of an absolute path.
  sed "s|/usr/src/|$work/headers/usr/src/|" "$tree/Makefile" >"$work/Makefile"
  rm "$tree/Makefile"
  mv "$work/Makefile" "$tree/Makefile"
  mkdir "$work/load"
  cp "$here/vmap_load.c" "$work/load/"
  echo "obj-m := vmap_load.o" >"$work/load/Kbuild"
  # Types for BPF need another program, and nothing here reads them.
  make -C "$tree" M="$work/load" CONFIG_DEBUG_INFO_BTF_MODULES= modules
}
root=$work/root
mkdir -p "$root/bin" "$root/modules" "$root/proc" "$root/sys" "$root/dev"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$here/record.sh" "$root/record.sh"
if [ "$calls" -gt 0 ]; then
  if (build "$@") >"$out/build.log" 2>&1; then
    cp "$work/load/vmap_load.ko" "$root/"
  else
    echo "record-in-qemu.sh: the load module was not built: see $out/build.log; Debian's modules are the load" >&2
  fi
fi
# Modules that take areas when they are loaded, and what they depend on, in the order of loading.
for name in libcrc32c crc32c_generic xfs zlib_deflate raid6_pq xor zstd_compress btrfs zsmalloc zram; do
  [ -n "$modules" ] || break
  file=$(find "$modules" -name "$name.ko*" | head -n 1)
  [ -n "$file" ] || continue
  case $file in
  *.xz) xz -dc "$file" >"$root/modules/$name.ko" ;;
  *.zst) zstd -q -dc "$file" >"$root/modules/$name.ko" ;;
  *) cp "$file" "$root/modules/$name.ko" ;;
  esac
  echo "$name" >>"$root/modules/order"
done
cat >"$root/load.sh" <<'LOAD'
#!/bin/busybox sh
# Each process has a stack of its own in the vmalloc window; each module takes areas and frees them.
forks() {
  i=0
  while [ $i -lt 60 ]; do
    /bin/busybox true &
    /bin/busybox true | /bin/busybox cat
    i=$((i + 1))
  done
  wait
}
loads() {
  i=0
  while [ $i -lt 3 ]; do
    for name in $(cat /modules/order); do insmod "/modules/$name.ko" 2>/dev/null; done
    for name in $(sed -n '1!G;h;$p' /modules/order); do rmmod "$name" 2>/dev/null; done
    i=$((i + 1))
  done
}
forks &
[ ! -e /modules/order ] || loads &
[ ! -e /vmap_load.ko ] || insmod /vmap_load.ko "seed=$1" "count=$2"
forks
wait
[ ! -e /vmap_load.ko ] || rmmod vmap_load
LOAD
cat >"$root/init" <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs trace /sys/kernel/tracing
echo 1 >/proc/sys/kernel/kptr_restrict
sh /record.sh -o /log -b $buffer $tracepoints sh /load.sh $seed $calls
for file in trace vmallocinfo; do
  echo "==== BEGIN \$file"
  gzip -c "/log/\$file.txt" | base64
  echo "==== END \$file"
done
poweroff -f
INIT
chmod +x "$root/init" "$root/load.sh"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"

# The default CPU is too old for some programs. In the foreground Ctrl-C ends QEMU too.
timeout --foreground 1800 qemu-system-x86_64 -accel "$accelerator" -cpu Nehalem -smp "$cpus" -m "$memory" -nic none -display none \
  -kernel "$vmlinuz" -initrd "$work/initrd.gz" -append "console=ttyS0 quiet panic=-1 no_timer_check nowatchdog" -no-reboot \
  -serial "file:$work/console.log" || fail "QEMU ended with an error, or took more than half an hour"
tr -d '\r' <"$work/console.log" >"$out/console.log"
for file in trace vmallocinfo; do
  sed -n "/^==== BEGIN $file\$/,/^==== END $file\$/p" "$out/console.log" | sed '1d;$d' | base64 -d >"$out/$file.txt.gz" &&
    [ -s "$out/$file.txt.gz" ] && gzip -t "$out/$file.txt.gz" || fail "the console has no $file: see $out/console.log"
done
sed -n '/^recorded by:/p; /^not offered/p; /events were lost/p' "$out/console.log"
echo "vmapcheck validate $out/trace.txt.gz --vmallocinfo $out/vmallocinfo.txt.gz --release ${version%%-*}"
