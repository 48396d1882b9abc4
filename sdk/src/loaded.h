/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A configuration file that was read and checked whole, with what the command line made of it. The
 * one that the program started with is kept to its end; a reload reads another. Generations and
 * ports refer to theirs; the last who does releases it. Control thread.
 */
#ifndef VNF_LOADED_H
#define VNF_LOADED_H

#include "vnf_priv.h"

struct loaded {
	struct vnf_config *file;
	const struct system_spec *spec;
	void *config;                           /* the program's own keys, or NULL */
	const void *part_config[VNF_PARTS_MAX]; /* by slot */
	void *override[VNF_PORTS_MAX]; /* structures that replace a kind's own; NULL beyond */
	uint32_t refs;
};

/* 0; -EINVAL, with errors in (*loaded)->file, which is to be put all the same; -ENOMEM. */
int loaded_read(struct vnf *vnf, struct loaded **loaded);
void loaded_get(struct loaded *loaded);
void loaded_put(struct loaded *loaded);

#endif
