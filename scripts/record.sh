#!/bin/sh
# Records the vmap layer of the running kernel for `vmapcheck validate`, and restores everything it sets.
# usage: record.sh [-o DIRECTORY] [-s SECONDS] [-b KILOBYTES PER CPU] [-t: tracepoints alone] [COMMAND...]
set -eu

out=vmap-log
seconds=
buffer=16384
kprobes=1
usage() {
  echo "usage: record.sh [-o DIRECTORY] [-s SECONDS] [-b KILOBYTES PER CPU] [-t] [COMMAND...]" >&2
  exit 2
}
while getopts o:s:b:t option; do
  case $option in
  o) out=$OPTARG ;;
  s) seconds=$OPTARG ;;
  b) buffer=$OPTARG ;;
  t) kprobes= ;;
  *) usage ;;
  esac
done
shift $((OPTIND - 1))
fail() {
  echo "record.sh: $*" >&2
  exit 2
}

[ "$(id -u)" = 0 ] || fail "needs root: tracefs and /proc/vmallocinfo are read by root alone"
[ $# -gt 0 ] || [ -n "$seconds" ] || fail "expected -s SECONDS, or a command to record"
tracefs=
for each in /sys/kernel/tracing /sys/kernel/debug/tracing; do
  [ -d "$each/events" ] && tracefs=$each && break
done
[ -n "$tracefs" ] || fail "there is no tracefs: mount -t tracefs nodev /sys/kernel/tracing"
[ -d "$tracefs/instances" ] || fail "this kernel has no instances of ftrace (CONFIG_TRACING, 3.10 on)"
mine=$tracefs/instances/vmapcheck
[ ! -d "$mine" ] || fail "$mine is there already: another recording runs, or rmdir it"
mkdir -p "$out"

restrict=$(cat /proc/sys/kernel/kptr_restrict 2>/dev/null || echo 0)
reader=
restore() {
  trap - EXIT INT TERM
  [ ! -d "$mine" ] || echo 0 >"$mine/tracing_on" 2>/dev/null || :
  [ -z "$reader" ] || kill "$reader" 2>/dev/null || :
  if [ -d "$mine" ]; then
    echo 0 >"$mine/events/enable" 2>/dev/null || :
    rmdir "$mine" 2>/dev/null || :
  fi
  if [ -e "$tracefs/kprobe_events" ]; then
    # Only ours: each is of the group vmapcheck.
    sed -n 's/^[pr][0-9]*:\(vmapcheck\/[^ ]*\) .*/-:\1/p' "$tracefs/kprobe_events" | while read -r gone; do
      echo "$gone" >>"$tracefs/kprobe_events" 2>/dev/null || :
    done
  fi
  [ "$restrict" = 1 ] || echo "$restrict" >/proc/sys/kernel/kptr_restrict
}
trap restore EXIT
trap 'exit 130' INT TERM

# Only at 1 does root read addresses: at 0 they are hashed since 4.15, at 2 they are zero.
[ "$restrict" = 1 ] || echo 1 >/proc/sys/kernel/kptr_restrict
mkdir "$mine"
echo 0 >"$mine/tracing_on"
echo "$buffer" >"$mine/buffer_size_kb"
# One clock for all CPUs, if there is one.
echo global >"$mine/trace_clock" 2>/dev/null || :

have=
lack=
for event in alloc_vmap_area free_vmap_area_noflush purge_vmap_area_lazy; do
  if [ -e "$mine/events/vmalloc/$event/enable" ]; then
    echo 1 >"$mine/events/vmalloc/$event/enable"
    have="$have $event"
  else
    lack="$lack $event"
  fi
done

word=8
type=x64
# Of the kernel, not of the programs.
case $(uname -m) in
i?86 | arm | armv* | mips | ppc | riscv32)
  word=4
  type=x32
  ;;
esac
second=$((2 * word))
# A probe that this kernel does not offer is left out: a function may be inlined, or have another name.
probe() {
  name=$1
  shift
  kind=${name%%:*}
  name=${name#*:}
  if echo "$kind:vmapcheck/$name $*" >>"$tracefs/kprobe_events" 2>/dev/null &&
    echo 1 >"$mine/events/vmapcheck/$name/enable" 2>/dev/null; then
    have="$have $name"
  else
    lack="$lack $name"
  fi
}
# The return of a call that sleeps takes a slot each: of too few, returns would be missed.
if [ -n "$kprobes" ] && [ -e "$tracefs/kprobe_events" ]; then
  probe p:k_alloc alloc_vmap_area "size=\$arg1:$type align=\$arg2:$type vstart=\$arg3:$type vend=\$arg4:$type"
  probe r512:k_alloc_ret alloc_vmap_area "va=\$retval:$type start=+0(\$retval):$type end=+$word(\$retval):$type"
  probe p:k_free free_vmap_area_noflush "va=\$arg1:$type start=+0(\$arg1):$type end=+$word(\$arg1):$type"
  probe p:k_purge __purge_vmap_area_lazy "start=\$arg1:$type end=\$arg2:$type"
  probe r64:k_purge_ret __purge_vmap_area_lazy "ret=\$retval:x8"
  probe p:k_tlb flush_tlb_kernel_range "start=\$arg1:$type end=\$arg2:$type"
  probe p:k_pcpu pcpu_get_vm_areas "nr=\$arg3:s32 align=\$arg4:$type size0=+0(\$arg2):$type"
  probe r64:k_pcpu_ret pcpu_get_vm_areas "addr=+$word(+0(\$retval)):$type size=+$second(+0(\$retval)):$type"
  probe p:k_decay decay_va_pool_node
  probe p:k_vmap_ram vm_map_ram "pages=\$arg1:$type count=\$arg2:u32 node=\$arg3:s32"
  probe p:k_vunmap_ram vm_unmap_ram "mem=\$arg1:$type count=\$arg2:u32"
  # The caller; some compilers give the function another name.
  area=$(awk '$3 ~ /^__get_vm_area_node(\.|$)/ { print $3; exit }' /proc/kallsyms)
  [ -z "$area" ] ||
    probe r512:k_get_area_ret "$area" "vm=\$retval:$type addr=+$word(\$retval):$type size=+$second(\$retval):$type"
fi
[ -n "$have" ] || fail "this kernel offers neither tracepoints of vmalloc (6.2 on) nor kprobes"

{
  echo "==== pre"
  cat /proc/vmallocinfo
} >"$out/vmallocinfo.txt"
echo 1 >"$mine/tracing_on"
cat "$mine/trace_pipe" >"$out/trace.txt" &
reader=$!
status=0
if [ $# -gt 0 ]; then "$@" || status=$?; else sleep "$seconds"; fi

echo "snap: begin vmallocinfo-end" >"$mine/trace_marker" 2>/dev/null || :
{
  echo "==== end"
  cat /proc/vmallocinfo
} >>"$out/vmallocinfo.txt"
echo "snap: end vmallocinfo-end" >"$mine/trace_marker" 2>/dev/null || :
echo 0 >"$mine/tracing_on"
# A reader of trace_pipe ends by itself once all is read and tracing is off.
tries=0
while kill -0 "$reader" 2>/dev/null && [ "$tries" -lt 100 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
lost=$(cat "$mine"/per_cpu/cpu*/stats | awk '/^(commit )?overrun:|^dropped events:/ { sum += $NF } END { print sum + 0 }')
echo "recorded by:$have"
[ -z "$lack" ] || echo "not offered by this kernel:$lack"
[ "$lost" = 0 ] || echo "$lost events were lost: a larger buffer (-b) may keep them"
echo "vmapcheck validate $out/trace.txt --vmallocinfo $out/vmallocinfo.txt --release $(uname -r)"
[ "$status" = 0 ] || echo "the command ended with $status"
