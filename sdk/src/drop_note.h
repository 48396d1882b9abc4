/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What every drop passes; see drop_note.c.
 */
#ifndef VNF_DROP_NOTE_H
#define VNF_DROP_NOTE_H

#include "vnf_priv.h"

/* This thread is that worker, from now on; NULL: no worker any more. */
void drop_note_start(struct worker *worker);

#endif
