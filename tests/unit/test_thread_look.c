/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Threads that run and threads that wait are told apart.
 */

#include <criterion/criterion.h>

#include <pthread.h>
#include <unistd.h>

#include "thread_look.h"

static pid_t tid;
static int pipe_fds[2];

static void *wait_for_ever(void *arg)
{
	char c;

	__atomic_store_n(&tid, gettid(), __ATOMIC_RELEASE);
	(void)!read(pipe_fds[0], &c, 1);
	return arg;
}

Test(thread_look, running)
{
	struct thread_look first, then = { 0 };

	cr_assert_eq(thread_look(gettid(), &first), 0);
	cr_assert(!first.blocked);
	while (then.cpu_ns <= first.cpu_ns + 1000000)
		cr_assert_eq(thread_look(gettid(), &then), 0);
}

Test(thread_look, blocked)
{
	struct thread_look look = { 0 };
	pthread_t thread;

	cr_assert_eq(pipe(pipe_fds), 0);
	cr_assert_eq(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
	while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE) == 0 || !look.blocked)
		if (tid != 0)
			cr_assert_eq(thread_look(tid, &look), 0);
	cr_assert_eq(write(pipe_fds[1], "x", 1), 1);
	pthread_join(thread, NULL);
}

Test(thread_look, nobody)
{
	struct thread_look look;

	cr_assert_lt(thread_look(0x7ffffff0, &look), 0);
}
