/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Whether all workers have passed a point. rte_rcu_qsbr_check() reads the last acknowledged token
 * plainly and writes it relaxed, so of two threads that ask at once (a worker about a move, the
 * control thread about a reload) the one that finds the other's answer has not acquired what the
 * workers did before. So one asks at a time.
 */
#include <pthread.h>

#include "vnf_priv.h"

static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;

bool workers_have_passed(struct vnf *vnf, uint64_t token)
{
	bool passed;

	/* A worker does not wait. */
	if (pthread_mutex_trylock(&asking) != 0)
		return false;
	passed = rte_rcu_qsbr_check(vnf->qsbr, token, false) == 1;
	pthread_mutex_unlock(&asking);
	return passed;
}
