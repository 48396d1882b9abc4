# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The vnfkit authors
#
# Bash completion of vnfkit: its commands, and what the running instances say of theirs. Installed
# as share/bash-completion/completions/vnfkit, and read by bash-completion when it is needed.

_vnfkit_ctl() {
	# bash takes KEY=VALUE for three words; here it is one, of which only the end is to be given.
	local line=${COMP_LINE:0:COMP_POINT} word prefix=''
	local -a given
	read -ra given <<<"$line"
	word=''
	[[ $line == *[[:space:]] ]] || { word=${given[-1]}; unset 'given[-1]'; }
	[[ $word != *=* ]] || prefix=${word%%=*}=
	mapfile -t COMPREPLY < <("${given[0]}" ctl __complete "${given[@]:2}" "$word" 2>/dev/null)
	COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
	[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}

_vnfkit_files() {
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_vnfkit() {
	local current=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'ctl guest image run test --help --version' -- "$current")
	elif [ "${COMP_WORDS[1]}" = ctl ]; then
		case ${COMP_WORDS[COMP_CWORD - 1]} in
		--socket) _vnfkit_files "$current" ;;
		*) _vnfkit_ctl ;;
		esac
	else
		_vnfkit_files "$current"
	fi
}

complete -F _vnfkit vnfkit
