/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The files that a replay's command line names. Control thread, before DPDK starts.
 */
#ifndef VNF_REPLAY_FILES_H
#define VNF_REPLAY_FILES_H

struct vnf;
struct vnf_port;
struct replay_inputs;

/* Read the input files, and find out whether the others can be written, without touching them. 0,
 * or -EINVAL after printing all that is wrong.
 */
int replay_files_check(struct vnf *vnf, struct replay_inputs *in);
/* The file that the port's packets are recorded in, or NULL. */
const char *replay_record_path(const struct vnf *vnf, const struct vnf_port *port);

#endif
