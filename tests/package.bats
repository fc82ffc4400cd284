#!/usr/bin/env bats
#
# The tarball, the Debian package and the RPM have the right contents, build,
# install and uninstall.
#
# Once: a second pass would test the same builds.
# bats file_tags=long

load lib/helper

# All tests of the file use one package.
setup_file()
{
	export VERSION DEB PACKAGES=$BATS_FILE_TMPDIR/packages
	VERSION=$(sed -n 's/^VERSION = //p' "$TOP/Makefile")
	mkdir "$PACKAGES"
	make -s -C "$TOP" deb BUILD="$PACKAGES" >"$PACKAGES/log" 2>&1 || {
		tail -n 40 "$PACKAGES/log" >&2
		return 1
	}
	DEB=$PACKAGES/zkrun_${VERSION}_$(dpkg --print-architecture).deb
	export TARBALL=$PACKAGES/zkrun-$VERSION.tar.gz
}

setup()
{
	bench_setup
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown()
{
	stop_all
}

# contents DIR: print type, mode and name of each file in DIR.
contents()
{
	(cd "$1" && find . -mindepth 1 -printf '%y %m %P\n' | LC_ALL=C sort)
}

#
# The tarball
#

@test "make dist writes the same bytes for every user and at any time" {
	local list

	# Make it with another umask, time zone, language, directory and second.
	(umask 077 && TZ=Pacific/Auckland LANG=C.UTF-8 \
	    make -s -C "$TOP" dist BUILD="$PWD/again")
	cmp "$TARBALL" "again/zkrun-$VERSION.tar.gz"
	list=$(tar -tvf "$TARBALL" --numeric-owner)
	# All files have one owner and one time, are sorted, and only their
	# owner may write to them.
	assert_equal "$(awk '{ print $2, $4, $5 }' <<<"$list" | sort -u |
	    wc -l)" 1
	assert_equal "$(awk '{ print $1, $2 }' <<<"$list" | sort -u)" \
	    $'-rw-r--r-- 0/0\n-rwxr-xr-x 0/0'
	LC_ALL=C sort -c <(awk '{ print $6 }' <<<"$list")
	# dist takes its date from SOURCE_DATE_EPOCH, as other tools do.
	SOURCE_DATE_EPOCH=1000000000 make -s -C "$TOP" dist BUILD="$PWD/old"
	tar -tvf "old/zkrun-$VERSION.tar.gz" --utc | head -n 1 |
	    grep -F ' 2001-09-09 01:46 '
}

@test "a build from the tarball installs, and make dist there gives the same tarball" {
	# Unpack the tarball with a narrow umask.
	(umask 077 && tar --no-same-permissions -xf "$TARBALL")
	cd "zkrun-$VERSION"
	[ -f README.md ] && [ -x contrib/install-deps ] && [ -f tests/run ]
	run -0 make -s dist BUILD=build
	cmp "$TARBALL" "build/zkrun-$VERSION.tar.gz"
	run -0 make -s -j2 BUILD=build CFLAGS=-O0
	assert_output ''
	run -0 make -s install BUILD=build PREFIX="$PWD/usr"
	run -0 usr/bin/zkrun -t "$TASK" -- echo yes
	assert_output yes
	# The tarball does not contain files that the build created.
	rm -r usr
	run -0 make -s dist BUILD=build
	cmp "$TARBALL" "build/zkrun-$VERSION.tar.gz"
}

@test "contrib/package refuses a wrong call" {
	run -64 "$TOP/contrib/package"
	assert_output --partial 'usage: package '
	run -64 "$TOP/contrib/package" zip 1 .
	run -64 "$TOP/contrib/package" deb 1
}

#
# Debian
#

@test "the Debian package has the right name, version, dependencies and files" {
	assert_equal "$(dpkg-deb -f "$DEB" Package)" zkrun
	assert_equal "$(dpkg-deb -f "$DEB" Version)" "$VERSION"
	dpkg-deb -f "$DEB" Depends | grep -q libzookeeper-st2
	dpkg-deb -x "$DEB" root
	run -0 root/usr/bin/zkrun --version
	assert_output "zkrun $VERSION"
	run -0 root/usr/bin/zkrun -t "$TASK" -- echo yes
	assert_output yes
	assert_equal "$(contents root | sed -n 's/^f //p')" \
"644 usr/share/bash-completion/completions/zkrun
644 usr/share/doc/zkrun/NEWS.md.gz
644 usr/share/doc/zkrun/README.md.gz
644 usr/share/doc/zkrun/changelog.gz
644 usr/share/doc/zkrun/copyright
644 usr/share/doc/zkrun/examples/cron/zkrun
644 usr/share/doc/zkrun/examples/monitoring/README.md
644 usr/share/doc/zkrun/examples/monitoring/zkrun.rules.yml
644 usr/share/doc/zkrun/examples/systemd/gateway.service
644 usr/share/doc/zkrun/examples/systemd/zkrun@.service
644 usr/share/doc/zkrun/examples/systemd/zkrun@.timer
644 usr/share/doc/zkrun/examples/tls/stunnel.conf
644 usr/share/doc/zkrun/flock-compat.md
644 usr/share/fish/vendor_completions.d/zkrun.fish
644 usr/share/man/man1/zkrun-status.1.gz
644 usr/share/man/man1/zkrun.1.gz
644 usr/share/man/man5/zkrun.conf.5.gz
644 usr/share/man/man7/zkrun-lock.7.gz
644 usr/share/man/man7/zkrun-messages.7.gz
644 usr/share/zsh/vendor-completions/_zkrun
755 usr/bin/zkrun
755 usr/share/doc/zkrun/examples/monitoring/check_zkrun
755 usr/share/doc/zkrun/examples/monitoring/zkrun-metrics"
	# The program has the features that hardening=+all enables.
	readelf -d root/usr/bin/zkrun | grep -q 'FLAGS.*BIND_NOW'
	readelf -h root/usr/bin/zkrun | grep -q 'DYN (Position-Independent'
	# apt finds all dependencies.
	run -0 apt-get install --simulate --no-install-recommends "$DEB"
	assert_output --partial "Inst zkrun ($VERSION"
}

# lint DEB: print lintian's remarks of all severities.
lint()
{
	# stderr has lintian's warning about running as root.
	lintian --pedantic --display-info --fail-on none "$1" 2>/dev/null
}

@test "lintian finds nothing, not even at the lowest severity" {
	run -0 lint "$DEB"
	assert_output ''
	# lintian finds a package that was broken on purpose.
	dpkg-deb -R "$DEB" bad
	chmod 666 bad/usr/share/man/man1/zkrun.1.gz
	rm bad/usr/share/doc/zkrun/copyright
	dpkg-deb --root-owner-group -b bad bad.deb >/dev/null
	run -0 lint bad.deb
	assert_output --partial 'E: zkrun: no-copyright-file'
}

# in_root DPKG-ARGUMENT...: run dpkg on the test's own root.  The root has the
# real list of installed packages, so the dependencies have to be installed.
in_root()
{
	local as=()

	[ "$(id -u)" -eq 0 ] || as=(fakeroot)
	PATH=$PATH:/usr/sbin:/sbin ${as[@]+"${as[@]}"} dpkg --root="$PWD/root" \
	    --log="$PWD/dpkg.log" --force-not-root --path-include='*' "$@" \
	    >>dpkg.out 2>&1 || {
		tail -n 20 dpkg.out
		return 1
	}
}

in_root_version()
{
	# shellcheck disable=SC2016 # dpkg's own
	dpkg-query --admindir=root/var/lib/dpkg -W \
	    -f '${db:Status-Status} ${Version}\n' zkrun
}

@test "the package installs, upgrades, uninstalls and purges, and leaves nothing" {
	local before

	mkdir -p root/var/lib/dpkg/{info,updates,triggers} root/etc root/usr/bin
	cp /var/lib/dpkg/status root/var/lib/dpkg/
	# These two files belong to the administrator.
	echo 'connect = zk1' >root/etc/zkrun.conf
	: >root/usr/bin/mine
	before=$(contents root | grep -v var/lib/dpkg/)
	# Make an older package.  It has a file that the newer one lacks, and
	# lacks a file that the newer one has.
	dpkg-deb -R "$DEB" old
	sed -i 's/^Version: .*/Version: 0.0.1/' old/DEBIAN/control
	mv old/usr/share/doc/zkrun/flock-compat.md old/usr/bin/zkrun-old
	dpkg-deb --root-owner-group -b old old.deb >/dev/null

	in_root -i old.deb
	assert_equal "$(in_root_version)" 'installed 0.0.1'
	[ -e root/usr/bin/zkrun-old ]
	in_root -i "$DEB"
	assert_equal "$(in_root_version)" "installed $VERSION"
	[ -e root/usr/share/doc/zkrun/flock-compat.md ]
	[ ! -e root/usr/bin/zkrun-old ]
	run -0 root/usr/bin/zkrun --version
	assert_output "zkrun $VERSION"
	# The package's files, and no others, are installed.
	dpkg-deb -x "$DEB" wanted
	assert_equal "$(contents root | grep -E '^f .*usr/' |
	    grep -v /mine)" "$(contents wanted | grep '^f ')"

	in_root -r zkrun
	[ ! -e root/usr/bin/zkrun ]
	in_root -P zkrun
	run in_root_version
	refute_output --partial installed\ 0
	assert_equal "$(contents root | grep -v var/lib/dpkg/)" "$before"
	run find root/var/lib/dpkg/info -name 'zkrun*'
	assert_output ''
}

#
# RPM
#

@test "the RPM has the right name, version and files" {
	local rpm

	# dpkg installed the build dependencies, and rpm does not know them.
	run -0 make -C "$TOP" rpm BUILD="$PWD/rpm" RPMBUILD_FLAGS=--nodeps
	rpm=$(echo rpm/zkrun-"$VERSION"-1*.rpm)
	assert_equal "$(rpm -qp --qf '%{NAME} %{VERSION} %{LICENSE}' "$rpm")" \
	    "zkrun $VERSION ISC"
	rpm -qp --requires "$rpm" | grep -q '^libzookeeper_st\.so'
	assert_equal "$(rpm -qp --qf '[%{FILEMODES:octal} %{FILENAMES}\n]' \
	    "$rpm" | sed -n 's/^100//p' | LC_ALL=C sort |
	    sed -e 's,-[0-9.]*/,/,' -e 's/\.gz$//')" \
"644 /usr/share/bash-completion/completions/zkrun
644 /usr/share/doc/zkrun/NEWS.md
644 /usr/share/doc/zkrun/README.md
644 /usr/share/doc/zkrun/cron/zkrun
644 /usr/share/doc/zkrun/flock-compat.md
644 /usr/share/doc/zkrun/monitoring/README.md
644 /usr/share/doc/zkrun/monitoring/zkrun.rules.yml
644 /usr/share/doc/zkrun/systemd/gateway.service
644 /usr/share/doc/zkrun/systemd/zkrun@.service
644 /usr/share/doc/zkrun/systemd/zkrun@.timer
644 /usr/share/doc/zkrun/tls/stunnel.conf
644 /usr/share/fish/vendor_completions.d/zkrun.fish
644 /usr/share/licenses/zkrun/LICENSE
644 /usr/share/man/man1/zkrun-status.1
644 /usr/share/man/man1/zkrun.1
644 /usr/share/man/man5/zkrun.conf.5
644 /usr/share/man/man7/zkrun-lock.7
644 /usr/share/man/man7/zkrun-messages.7
644 /usr/share/zsh/site-functions/_zkrun
755 /usr/bin/zkrun
755 /usr/share/doc/zkrun/monitoring/check_zkrun
755 /usr/share/doc/zkrun/monitoring/zkrun-metrics"
	mkdir root
	rpm2archive - <"$rpm" | tar -xz -C root
	run -0 root/usr/bin/zkrun --version
	assert_output "zkrun $VERSION"
}

@test "install-deps restores policy-rc.d, however its last run ended" {
	local policy=$BATS_TEST_TMPDIR/policy-rc.d
	# shellcheck disable=SC2034 # for the functions
	local saved=$policy.zkrun-saved ours='# ours'

	eval "$(sed -n '/^forbid_services/,/^}/p; /^allow_services/,/^}/p' \
	    "$TOP/contrib/install-deps")"
	echo theirs >"$policy"
	forbid_services
	run -101 "$policy"
	allow_services
	assert_equal "$(cat "$policy")" theirs
	# The first run was killed after forbid_services.
	forbid_services
	forbid_services
	allow_services
	assert_equal "$(cat "$policy")" theirs
	# policy-rc.d did not exist.
	rm "$policy"
	forbid_services
	forbid_services
	allow_services
	[ ! -e "$policy" ]
}
