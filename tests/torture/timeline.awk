# timeline.awk: draw a task's history (see history.awk): a lane for every
# contender, and the faults above them.
#
# awk -f timeline.awk -v task=NAME HISTORY >FILE.svg

function value(key,    i)
{
	for (i = 3; i <= NF; i++)
		if (index($i, key "=") == 1)
			return substr($i, length(key) + 2)
	return ""
}

function spot(us)
{
	return left + (us - first) / 1000000 * scale
}

function seen(us)
{
	if (us <= 0)
		return
	if (!first || us < first)
		first = us
	if (us > latest)
		latest = us
}

function bar(x1, x2, y, height, class, title)
{
	if (x2 < x1 + 0.6)
		x2 = x1 + 0.6
	printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" " \
	    "class=\"%s\"><title>%s</title></rect>\n", x1, y, x2 - x1, height,
	    class, title
}

function text(x, y, anchor, what)
{
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
	    x, y, anchor, what
}

# A fault of a process: an arrow head on the lane of its contender.
function arrow(x, y, class, title)
{
	printf "<path d=\"M%.1f %.1f l-4 -6 h8 z\" class=\"%s\"><title>%s" \
	    "</title></path>\n", x, y, class, title
}

$2 == "run" && value("task") == task && value("who") != "" {
	r = ++runs
	who[r] = value("who"); n[r] = value("n")
	start[r] = value("start") + 0; end[r] = value("end") + 0
	begin[r] = value("begin") + 0; last[r] = value("last") + 0
	asked[r] = value("asked") + 0; fence[r] = value("fence")
	status[r] = value("how") " " value("code")
	seen(start[r]); seen(end[r])
	names[who[r]] = 1
	if (value("disk") != "" && value("disk") != "none")
		stalls[who[r]] = 1
	next
}

$2 == "node" && value("task") == task && value("part") == "leases" {
	gone[value("zxid")] = value("gone") + 0
	next
}

$2 == "fault" {
	f = ++faults
	at[f] = value("at") + 0; ms[f] = value("ms") + 0
	what[f] = value("kind"); target[f] = value("target")
	next
}

$2 == "quiet" {
	from[++quiets] = value("from") + 0
	to[quiets] = value("to") + 0
	seen(to[quiets])
}

function draw_frame(    i, us, step)
{
	width = left + (latest - first) / 1000000 * scale + 20
	if (width < 980)
		width = 980
	height = top + lane_count * lane_height + 60
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" " \
	    "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n", width, height,
	    width, height
	print "<style>text{font:11px sans-serif;fill:#333}" \
	    ".page{fill:#fff}.calm{fill:#eef6ee}.line{stroke:#ddd}" \
	    ".wait{fill:#b9c4d6}.hold{fill:#2e8b57}.die{fill:#e07b00}" \
	    ".kept{fill:#a9d8bd}.lost{fill:#c1121f}" \
	    ".server{fill:#7b2d8b}.link{fill:#c2669a}.other{fill:#444}" \
	    ".disk{fill:#2f6f9f}" \
	    "</style>"
	bar(0, width, 0, height, "page", "")
	for (i = 1; i <= quiets; i++)
		bar(spot(from[i]), spot(to[i]), 30, height - 90, "calm",
		    "quiet")
	step = scale > 10 ? 5 : 10
	for (i = 0; i * step * 1000000 <= latest - first; i++) {
		us = first + i * step * 1000000
		printf "<path d=\"M%.1f 30 V%.1f\" class=\"line\"/>\n",
		    spot(us), height - 60
		text(spot(us), 26, "middle", i * step " s")
	}
	text(left, 12, "start", "task " task ": who waits, who holds, " \
	    "and what went wrong meanwhile")
}

function draw_legend(    y, x)
{
	y = height - 40
	x = key(left, y, "wait", "waits")
	x = key(x, y, "hold", "holds: the command and all it started live")
	x = key(x, y, "die", "dying: was asked to stop")
	x = key(x, y, "kept", "all dead, lease not yet gone")
	x = key(x, y, "lost", "zkrun said that the lease was lost")
	y += 18
	x = key(left, y, "calm", "no trouble")
	x = key(x, y, "server", "servers and links between them")
	x = key(x, y, "link", "links of client machines a to d")
	x = key(x, y, "disk", "the disk under some output (*)")
	arrow(x + 6, y + 9, "other", "")
	text(x + 16, y + 9, "start", "a process killed or stopped")
}

function key(x, y, class, label)
{
	bar(x, x + 14, y, 10, class, "")
	text(x + 18, y + 9, "start", label)
	return x + 34 + length(label) * 5.6
}

function draw_run(r,    y, label)
{
	y = top + row[who[r]] * lane_height
	label = who[r] " run " n[r] ": " status[r]
	bar(spot(start[r]), spot(begin[r] ? begin[r] : end[r]), y + 5, 4,
	    "wait", label)
	if (!begin[r])
		return
	if (gone[fence[r]] > last[r])
		bar(spot(last[r]), spot(gone[fence[r]]), y + 5, 4, "kept",
		    label)
	bar(spot(begin[r]), spot(last[r]), y + 2, 10, "hold", label)
	if (asked[r] && asked[r] < last[r])
		bar(spot(asked[r]), spot(last[r]), y + 2, 10, "die", label)
	if (status[r] == "exit 76")
		bar(spot(last[r]), spot(last[r]) + 2, y, 14, "lost", label)
}

# When a fault was over: as planned, or when everything was mended.
function over(f,    i, us)
{
	us = at[f] + ms[f] * 1000
	for (i = 1; i <= quiets; i++)
		if (from[i] > at[f] && from[i] < us)
			return from[i]
	return us
}

# Faults of servers and links have their own lanes above the contenders.
function draw_fault(f,    y, label, class)
{
	label = what[f] " " target[f] (ms[f] ? " for " ms[f] " ms" : "")
	if (target[f] in row) {
		arrow(spot(at[f]), top + row[target[f]] * lane_height + 3,
		    "other", label)
		return
	}
	if (what[f] ~ /-(guard|keeper|command)$/)
		return
	class = target[f] ~ /^server/ ? "server" : \
	    what[f] ~ /link|reply/ ? "link" : \
	    target[f] == "disk" ? "disk" : "other"
	y = 36 + trouble_lane(f) * 12
	bar(spot(at[f]), ms[f] ? spot(over(f)) : spot(at[f]) + 2, y, 8, class,
	    label)
}

function trouble_lane(f)
{
	if (target[f] ~ /^server/)
		return substr(target[f], 7) - 1
	if (what[f] ~ /link|reply/)
		return 2 + index("abcd", substr(target[f], 1, 1))
	return target[f] == "disk" ? 7 : 8
}

END {
	if (!runs)
		exit 1
	left = 70
	scale = latest - first > 120000000 ? 8 : 20
	lane_height = 16
	for (i = 1; i <= 99; i++)
		for (k = 1; k <= 2; k++) {
			name = sprintf(k == 1 ? "c%02d" : "k%d", i)
			if (name in names)
				row[name] = lane_count++
		}
	top = 36 + 9 * 12 + 8
	draw_frame()
	for (i = 0; i < 9; i++)
		text(left - 6, 36 + i * 12 + 8, "end", i < 3 ? \
		    "server " i + 1 : i < 7 ? "links " \
		    substr("abcd", i - 2, 1) : i == 7 ? "disk" : "others")
	for (name in row)
		text(left - 6, top + row[name] * lane_height + 11, "end",
		    (name ~ /^k/ ? "Curator " : "zkrun ") name \
		    (name in stalls ? "*" : ""))
	for (i = 1; i <= runs; i++)
		draw_run(i)
	for (i = 1; i <= faults; i++)
		draw_fault(i)
	draw_legend()
	print "</svg>"
}
