# table.awk: print the CSV of the bench as a readable table.
BEGIN { FS = "," }
{
	line = sprintf("%-4s  %-26s %-12s %10s %-24s %7s  %s",
	    $1, $2, $3, $4, $5, $6, $7)
	sub(/ +$/, "", line)
	if (NR > 1 && $1 != last)
		print ""
	last = $1
	print line
}
