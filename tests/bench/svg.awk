# svg.awk: draw the CSV of the bench as a picture, with a bar and a value for
# each ratio, on a logarithmic scale around 1.
function escape(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}
function place(ratio) {
	if (ratio < low) ratio = low
	if (ratio > high) ratio = high
	return left + width * log(ratio / low) / log(high / low)
}
function text(x, y, anchor, class, what) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">" \
	    "%s</text>\n", x, y, anchor, class, escape(what)
}
BEGIN {
	FS = ","
	low = 0.01; high = 100; left = 330; width = 420; step = 18
	title["a"] = "a  X -- true on loopback"
	title["b"] = "b  at a distance, round trips"
	title["c"] = "c  hand-off: end of a command to start of the next"
	title["d"] = "d  server work per hand-off"
	title["e"] = "e  a waiting and a holding zkrun"
	title["f"] = "f  one task passed around"
	title["g"] = "g  a thousand"
}
NR > 1 && $6 != "" {
	n++
	part[n] = $1; ratio[n] = $6; reference[n] = $7
	label[n] = $2 ", " $3 ", " $5
	value[n] = $4
}
END {
	for (i = 1; i <= n; i++)
		height += (part[i] != part[i - 1] ? 2 * step : 0)
	height += n * step + 70
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"980\" " \
	    "height=\"%d\" viewBox=\"0 0 980 %d\">\n", height, height
	print "<style>text{font:12px sans-serif;fill:#222}" \
	    ".h{font-weight:bold}.s{fill:#666;font-size:11px}</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
	text(10, 20, "start", "h", "zkrun bench: ratio to the reference " \
	    "(left of the line: less than the reference)")
	for (r = low; r <= high * 1.001; r *= 10) {
		printf "<path d=\"M%.1f 40V%d\" stroke=\"%s\"/>\n", place(r),
		    height - 20, (r > 0.9 && r < 1.1 ? "#222" : "#ddd")
		text(place(r), 36, "middle", "s", sprintf("%g", r))
	}
	y = 44
	for (i = 1; i <= n; i++) {
		if (part[i] != part[i - 1]) {
			y += 2 * step
			text(10, y - 5, "start", "h", title[part[i]])
		}
		one = place(1); x = place(ratio[i])
		printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" " \
		    "height=\"%d\" fill=\"%s\"/>\n", x < one ? x : one, y,
		    x < one ? one - x + 0.5 : x - one + 0.5, step - 5,
		    label[i] ~ /^zkrun/ ? "#2a6fbb" : "#b9b9b9"
		text(left - 8, y + 10, "end", "", label[i])
		text((x > one ? x : one) + 5, y + 10, "start", "s",
		    sprintf("%.2f (%s) to %s", ratio[i], value[i],
		    reference[i]))
		y += step
	}
	print "</svg>"
}
