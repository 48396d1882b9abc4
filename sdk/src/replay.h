/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Replay: a program's ports are files, its clock is virtual, its workers are one thread. In the
 * order of life: prepare (what can be wrong with the command line), open, run, close. Control
 * thread; one per process.
 */
#ifndef VNF_REPLAY_H
#define VNF_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct vnf;

/* Read all input files, and check that the output files can be written; nothing is changed. 0, or
 * -EINVAL after printing what is wrong.
 */
int replay_prepare(struct vnf *vnf);
/* Time of day of the first packet; 0 if there is none. */
uint64_t replay_origin(void);
/* Replay all, until `stop` says so. The workers exist, and are ready. 0 or -errno, logged. */
int replay_run(struct vnf *vnf, bool (*stop)(void *arg), void *arg);
/* Write out what is left; 0, or -EIO if something could not be written. Frees what prepare read. */
int replay_close(struct vnf *vnf);
/* Are all packets accounted for and back in the pool? 0 or -EIO, logged. All else has ended. */
int replay_check(struct vnf *vnf);

/* Is it the number of an input? Others are of packets that the program made. */
bool replay_input_known(uint64_t number);
/* Port by which input number `number` (from 1) came. */
uint16_t replay_input_port(uint64_t number);

#endif
