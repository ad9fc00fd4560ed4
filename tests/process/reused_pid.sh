# In a pid namespace of its own: a holder of the lock dies, another program gets its very pid, then a new start tries.
# usage: reused_pid.sh PYTHON LOCK_HOLDER STATE_DIR    prints: pid of the dead holder, pid of the sleeper, the new start
mkfifo "$3.gun" && exec 3<> "$3.gun"
"$1" "$2" "$3" < "$3.gun" > "$3.out" & holder=$!
echo >&3
while [ ! -s "$3.out" ]; do sleep 0.05; done
kill -KILL "$holder"; wait "$holder" 2> /dev/null
echo "$((holder - 1))" > /proc/sys/kernel/ns_last_pid
sleep 30 & sleeper=$!
echo "$holder $sleeper"
echo | "$1" "$2" "$3"
kill "$sleeper"
