# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Shared by the scripts of this folder: where the repository is, which Debian packages each purpose
# needs (the one list), and installing those that are missing. Source it; do not run it.

repo_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Read by the scripts that source this file.
# shellcheck disable=SC2034
build_dir=${VNFKIT_BUILD:-$repo_root/build}

# packages_of PURPOSE: print its packages.
packages_of() {
	case $1 in
	build) echo gcc meson ninja-build pkg-config libdpdk-dev libconfig-dev libjansson-dev \
		libpcap-dev libsodium-dev libmicrohttpd-dev ;;
	package) echo build-essential debhelper dpkg-dev ;;
	demo) echo iproute2 iputils-ping curl iperf3 python3 ethtool ;;
	test) echo libcriterion-dev python3-pytest python3-scapy dpdk dpdk-dev \
		openvswitch-switch-dpdk tcpdump qemu-system-x86 libvirt-clients libxml2-utils \
		cpio busybox-static prometheus systemd mandoc tshark dnsmasq-base traceroute \
		iputils-tracepath nmap mmdebstrap lintian logrotate ;;
	check)
		echo clang libclang-rt-14-dev clang-format clang-tidy codespell shellcheck doxygen
		echo graphviz
		;;
	*)
		echo "packages_of: \"$1\" is none of build, package, demo, test, check" >&2
		return 2
		;;
	esac
}

# missing_packages PURPOSE...: print those that are not installed.
missing_packages() {
	local purpose package
	for purpose in "$@"; do
		for package in $(packages_of "$purpose"); do
			[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
				echo "$package"
		done
	done | sort -u
}

# Packages must not start services: nothing here needs one, and Open vSwitch would take hold of the
# machine's network. invoke-rc.d asks this file first.
# A subshell, so that the trap removes the file also when the installation is interrupted.
apt_install() (
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	apt-get install -qy --no-install-recommends "$@"
)

# ensure_packages PURPOSE...: install what is missing; without root say how, and fail.
ensure_packages() {
	local missing
	if ! command -v dpkg-query >/dev/null; then
		echo "This is no Debian system; these packages, or what corresponds, must be there:"
		local purpose
		for purpose in "$@"; do echo "  $purpose: $(packages_of "$purpose")"; done
		return 0
	fi
	missing=$(missing_packages "$@" | tr '\n' ' ')
	missing=${missing% }
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ]; then
		echo "Some packages are missing. Install them, then run this again:" >&2
		echo "  sudo apt-get install --no-install-recommends $missing" >&2
		return 1
	fi
	echo "Installing: $missing"
	# Names of packages, to be split.
	# shellcheck disable=SC2086
	if ! apt_install $missing; then
		echo "apt-get could not install: $missing" >&2
		return 1
	fi
}

# build: configure once, compile what changed, with ninja's progress.
build() {
	if [ ! -f "$build_dir/build.ninja" ]; then
		meson setup "$build_dir" "$repo_root" || return
	fi
	meson compile -C "$build_dir"
}
