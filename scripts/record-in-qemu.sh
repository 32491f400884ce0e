#!/bin/sh
# Boots a Debian kernel in QEMU, puts load on its vmap layer, and records that with record.sh.
# usage: record-in-qemu.sh [-o DIRECTORY] [-c CPUS] [-m MEGABYTES] [-a ACCELERATOR] [KERNEL PACKAGE, a name or a .deb]
# Needs the Debian packages qemu-system-x86, busybox-static and cpio; no root.
set -eu

out=vmap-log
cpus=2
memory=1024
# Slow, and the same everywhere; kvm is faster, where the machine has it.
accelerator=tcg
usage() {
  echo "usage: record-in-qemu.sh [-o DIRECTORY] [-c CPUS] [-m MEGABYTES] [-a ACCELERATOR] [KERNEL PACKAGE]" >&2
  exit 2
}
while getopts o:c:m:a: option; do
  case $option in
  o) out=$OPTARG ;;
  c) cpus=$OPTARG ;;
  m) memory=$OPTARG ;;
  a) accelerator=$OPTARG ;;
  *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage
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

package=${1:-$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')}
case $package in
*.deb) cp "$package" "$work/kernel.deb" ;;
*)
  (cd "$work" && apt-get -q download "$package" >&2) || fail "there is no package $package"
  mv "$work"/*.deb "$work/kernel.deb"
  ;;
esac
dpkg-deb -x "$work/kernel.deb" "$work/kernel"
vmlinuz=$(ls "$work"/kernel/boot/vmlinu* | head -n 1)
modules=$(ls -d "$work"/kernel/lib/modules/* "$work"/kernel/usr/lib/modules/* 2>/dev/null | head -n 1)

root=$work/root
mkdir -p "$root/bin" "$root/modules" "$root/proc" "$root/sys" "$root/dev"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$here/record.sh" "$root/record.sh"
# Modules that take areas when they are loaded, and what they depend on, in the order of loading.
for name in libcrc32c crc32c_generic xfs zlib_deflate raid6_pq xor zstd_compress btrfs zsmalloc zram; do
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
loads &
forks
wait
LOAD
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs trace /sys/kernel/tracing
echo 1 >/proc/sys/kernel/kptr_restrict
sh /record.sh -o /log sh /load.sh
for file in trace vmallocinfo; do
  echo "==== BEGIN $file"
  gzip -c "/log/$file.txt" | base64
  echo "==== END $file"
done
poweroff -f
INIT
chmod +x "$root/init" "$root/load.sh"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"

# The default CPU is too old for some programs.
timeout 1800 qemu-system-x86_64 -accel "$accelerator" -cpu Nehalem -smp "$cpus" -m "$memory" -nic none -display none \
  -kernel "$vmlinuz" -initrd "$work/initrd.gz" -append "console=ttyS0 quiet panic=-1 no_timer_check nowatchdog" -no-reboot \
  -serial "file:$work/console.log" || fail "QEMU ended with an error, or took more than half an hour"
tr -d '\r' <"$work/console.log" >"$out/console.log"
for file in trace vmallocinfo; do
  sed -n "/^==== BEGIN $file\$/,/^==== END $file\$/p" "$out/console.log" | sed '1d;$d' | base64 -d >"$out/$file.txt.gz" &&
    [ -s "$out/$file.txt.gz" ] && gzip -t "$out/$file.txt.gz" || fail "the console has no $file: see $out/console.log"
done
sed -n '/^recorded by:/p; /^not offered/p; /events were lost/p' "$out/console.log"
echo "vmapcheck validate $out/trace.txt.gz --vmallocinfo $out/vmallocinfo.txt.gz"
