# history.awk: join what contenders, commands, servers and nemesis wrote.
# Prints one line for each run, node and fault.  A line begins with its time, by
# which the lines can be sorted.
#
# awk -f history.awk -v wall=US RUNS... SIGNS FAULTS LEFT TXNS
#
# wall: how much the wall clock is ahead of the clock of the signs.  Times are
# in microseconds of the latter.

function of(line, key,    part)
{
	if (!match(" " line, " " key "=[^ ]*"))
		return ""
	split(substr(" " line, RSTART, RLENGTH), part, "=")
	return part[2]
}

function value(key)
{
	return of($0, key)
}

# The line without its first word.
function rest()
{
	return substr($0, length($1) + 2)
}

# For the figures: when a run waits and when it works.
function marks(task, start, begin, last, end)
{
	if (begin > 0) {
		print begin, "mark task=" task " what=work by=1"
		print last, "mark task=" task " what=work by=-1"
	}
	print start, "mark task=" task " what=wait by=1"
	print (begin > 0 ? begin : end), "mark task=" task " what=wait by=-1"
}

$1 == "run" {
	run[value("who") " " value("n")] = rest()
	next
}

$1 == "signs" {
	signs[value("who") " " value("n")] = rest()
	next
}

$1 == "curator" {
	at = value("begin") > 0 ? value("begin") : value("start")
	print at, "run kind=curator " rest()
	marks(value("task"), value("start"), value("begin"), value("last"),
	    value("end"))
	next
}

$1 == "fault" {
	print value("at"), $0
	next
}

$1 == "burst" || $1 == "quiet" {
	print value("from"), $0
	next
}

$1 == "left" {
	print 0, $0
	next
}

# A node is gone, by a delete or with its session.
function node_gone(path, ms, how)
{
	printf "%.0f node %s gone=%.0f by=%s\n", made[path], node[path],
	    ms * 1000 - wall, how
	delete node[path]
}

# The remaining lines are from the servers' logs.  The count of changes of a
# parent's children only grows; otherwise the servers forgot what they had
# decided.
$4 == "create" {
	parent = $5
	sub(/\/[^/]*$/, "", parent)
	if ((parent in change) && $6 <= change[parent])
		print 0, "forgotten zxid=" $1 " parent=" parent
	change[parent] = $6 + 0
	delete change[$5]
	n = split($5, part, "/")
	if (n < 5 || n > 6 || $3 == "0")
		next
	# A mutex has no such parents: its node in the queue becomes the lease.
	if (n == 5) {
		part[6] = part[5]
		part[5] = "leases"
	}
	made[$5] = $2 * 1000 - wall
	owner[$5] = $3
	node[$5] = sprintf("task=%s part=%s zxid=%s session=%s made=%.0f " \
	    "name=%s pid=%s", part[4], part[5], $1, $3, made[$5], part[6],
	    value("pid"))
	own[$3] = own[$3] " " $5
	next
}

$4 == "delete" {
	delete change[$5]
	if (!($5 in node))
		next
	node_gone($5, $2, "delete")
	next
}

$4 == "close" {
	n = split(own[$3], paths, " ")
	for (i = 1; i <= n; i++)
		if ((paths[i] in node) && owner[paths[i]] == $3)
			node_gone(paths[i], $2, "close")
	delete own[$3]
}

function all_of(id,    at, s)
{
	s = signs[id]
	if (s == "")
		s = "begin=0 last=0 fence=0 session=0 ending=0 starts=0"
	at = of(s, "begin") > 0 ? of(s, "begin") : of(run[id], "start")
	print at, "run kind=zkrun " run[id], s
	marks(of(run[id], "task"), of(run[id], "start"), of(s, "begin"),
	    of(s, "last"), of(run[id], "end"))
}

END {
	for (id in run)
		all_of(id)
	# These contenders were killed before they wrote the end of a run.
	for (id in signs)
		if (!(id in run))
			print of(signs[id], "begin"), "run kind=lost", signs[id]
	for (path in node)
		printf "%.0f node %s gone=0 by=nobody\n", made[path], node[path]
}
