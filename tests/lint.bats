#!/usr/bin/env bats
#
# Compilers, linters and mawk find nothing in the sources.  The build makes a
# hardened program.
#
# Once: it tests the sources and its own builds.
# bats file_tags=long

load lib/helper

setup()
{
	bench_setup
	cd "$TOP" || return 1
	WORK=$BATS_TEST_TMPDIR
}

@test "shellcheck finds nothing in the scripts" {
	local scripts

	mapfile -t scripts < <(find . \( -name .git -o -name build -o \
	    -path "./${BUILD#"$TOP"/}" \) -prune -o -type f \
	    \( -name '*.bats' -o -name '*.bash' -o -perm -u+x \) -print |
	    while read -r file; do
		if head -n 2 "$file" | LC_ALL=C grep -aqE \
		    '^#(!.*sh$|!.*bats| shellcheck|.*\.bash)'; then
			echo "$file"
		fi
	    done | sort)
	[ ${#scripts[@]} -ge 10 ]
	# A @test is a subshell on purpose (SC2030, SC2031); "done" may be an
	# argument (SC1010); run sets variables (SC2154).
	run -0 shellcheck -x -S warning \
	    -e SC2030,SC2031,SC1010,SC2154 "${scripts[@]}"
	assert_output ''
}

# Debian's default awk is mawk, which refuses some programs of other awks.
@test "mawk understands every awk program" {
	local program programs

	mapfile -t programs < <(find "$TOP/contrib" "$TOP/tests" -name '*.awk')
	[ ${#programs[@]} -ge 8 ]
	for program in "${programs[@]}"; do
		run timeout 20 mawk -f "$program" </dev/null
		refute_output --partial 'syntax error'
	done
}

@test "gcc and clang compile the program and its tests without a warning" {
	local cc

	for cc in gcc clang; do
		run -0 make -s -j2 CC=$cc WERROR=1 BUILD="$WORK/$cc" \
		    test-programs
		assert_output ''
		[ -x "$WORK/$cc/zkrun" ]
	done
}

@test "cppcheck finds nothing" {
	# Newer versions print their depth of search, which is not a finding.
	run -0 cppcheck -q --std=c11 --enable=warning,performance,portability \
	    --suppress=normalCheckLevelMaxBranches \
	    --inline-suppr --error-exitcode=1 -D_GNU_SOURCE -Isrc src
	assert_output ''
}

# .clang-tidy lists the checks.
@test "clang-tidy finds nothing" {
	local flags

	read -ra flags <<<"$(pkg-config --cflags libbsd-overlay)"
	run -0 bash -c 'printf "%s\n" src/*.c src/*/*.c | xargs -P 2 -n 6 sh -c '\''
	    flags=$1; shift
	    clang-tidy --quiet "$@" -- $flags -std=c11 2>/dev/null'\'' - "$@"' \
	    - "-Isrc -D_GNU_SOURCE -DZKRUN_VERSION=\"x\" ${flags[*]}"
	assert_output ''
}

# hardened PROGRAM: print which hardening features it has.
hardened()
{
	readelf -hW "$1" | grep -o 'DYN (Position-Independent'
	readelf -lW "$1" | grep -o GNU_RELRO
	readelf -dW "$1" | grep -o 'NOW PIE'
	readelf -sW "$1" | grep -o '__stack_chk_fail' | head -n 1
	readelf -sW "$1" | grep -oE '__(vsnprintf|memcpy|snprintf)_chk' |
	    head -n 1 | sed 's/.*/fortified/'
}

@test "the program is hardened, and a packager's flags take effect" {
	local flags

	run hardened "$ZKRUN"
	assert_output "$(printf '%s\n' 'DYN (Position-Independent' GNU_RELRO \
	    'NOW PIE' __stack_chk_fail fortified)"
	# None of these flags may cause a warning.
	for flags in CFLAGS=-O0 'CFLAGS=-O2 -g -O0' CFLAGS= \
	    CPPFLAGS=-D_FORTIFY_SOURCE=3 'CFLAGS=-O1 -fsanitize=address' \
	    'CC=clang'; do
		run -0 make -s WERROR=1 BUILD="$WORK/flags" "$flags" \
		    "$WORK/flags/obj/base/text.o"
		assert_output ''
		run -0 make -s -B -n WERROR=1 BUILD="$WORK/flags" "$flags" \
		    "$WORK/flags/obj/base/text.o"
		assert_output --partial -- -fstack-protector-strong
		case $flags in
		CC=*)	assert_output --partial -- '-D_FORTIFY_SOURCE=2' ;;
		*)	refute_output --partial -- '-D_FORTIFY_SOURCE=2' ;;
		esac
		rm -r "$WORK/flags"
	done
}

@test "ZK_STATIC=1 links the ZooKeeper client statically" {
	run -0 make -s -j2 BUILD="$WORK/static" CFLAGS=-O0 ZK_STATIC=1
	run -0 ldd "$WORK/static/zkrun"
	refute_output --partial zookeeper
	run -0 "$WORK/static/zkrun" -t "$TASK" echo yes
	assert_output yes
	# The check can fail: the usual program is linked dynamically.
	run -0 ldd "$ZKRUN"
	assert_output --partial zookeeper
}
