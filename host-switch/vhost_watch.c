/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Watching a guest's rings for faults that show nowhere else. librte_vhost's thread, which alone
 * knows where the rings are, writes that down after each message, and looks at packed rings as they
 * are started. The control thread looks every 100 ms whether the guest writes where we read.
 *
 * librte_vhost maps and unmaps guest memory, and closes the guest's descriptors, only while it
 * handles a message or after the connection's end. So what was written down is true from the end of
 * a message to the beginning of the next, and the lock keeps the latter from a look in between.
 * Both sides hold it for microseconds: behind a message there may be workers waiting for a ring.
 */
#include "port_vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_ring.h>
#include <rte_vhost.h>

#define F_RING_PACKED (1ull << 34)
/* KICK carries the ring's number in these bits. */
#define VRING_INDEX_MASK 0xffu

/* ---- librte_vhost's thread ---- */

/* Before the first message or after the last one: on no other thread is anything going on. */
void hsw_watch_reset(struct hsw_vhost *v)
{
	struct hsw_watch *w = &v->watch;

	pthread_mutex_lock(&w->lock);
	w->known = false;
	w->sharing.suspected_ns = 0;
	__atomic_store_n(&w->sharing.result, HSW_SHARING_UNKNOWN, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&w->lock);
	w->started = 0;
	w->told = 0;
	__atomic_store_n(&v->lost, 0, __ATOMIC_RELAXED);
}

void hsw_watch_pause(struct hsw_vhost *v)
{
	pthread_mutex_lock(&v->watch.lock);
	v->watch.known = false;
	pthread_mutex_unlock(&v->watch.lock);
}

static bool is_inside(const struct hsw_vhost *v, const void *at, uint64_t size)
{
	return hsw_fault_in_range(v, (uintptr_t)at, size);
}

/* Where librte_vhost has the ring, if it lies in the guest's memory as a whole. */
static struct hsw_ring find_ring(const struct hsw_vhost *v, int vid, uint16_t i, int *kick_fd)
{
	struct rte_vhost_vring found = { .kickfd = -1 };
	struct hsw_ring ring = { 0 };
	bool packed = (v->guard.features & F_RING_PACKED) != 0;

	*kick_fd = -1;
	if (rte_vhost_get_vhost_vring(vid, i, &found) < 0 || found.desc == NULL ||
	    !is_inside(v, found.desc, (uint64_t)found.size * HSW_RING_DESCRIPTOR))
		return ring;
	if (!packed && (found.avail == NULL || found.used == NULL ||
			!is_inside(v, found.avail, sizeof(*found.avail)) ||
			!is_inside(v, found.used, sizeof(*found.used))))
		return ring;
	*kick_fd = found.kickfd;
	ring.descriptors = found.desc;
	ring.avail = packed ? NULL : found.avail;
	ring.used = packed ? NULL : found.used;
	ring.num = found.size;
	return ring;
}

/* With the lock held. */
static void find_rings(struct hsw_vhost *v, int vid)
{
	uint16_t n = RTE_MIN(rte_vhost_get_vring_num(vid), HSW_GUARD_RINGS);

	memset(v->watch.ring, 0, sizeof(v->watch.ring));
	for (uint16_t i = 0; i < n; i++)
		v->watch.ring[i] = find_ring(v, vid, i, &v->watch.kick_fd[i]);
}

/*
 * The frontend says that the ring is fresh. If it says so because that is where we left it, it is
 * right whatever the descriptors look like.
 */
static bool is_lost(const struct hsw_vhost *v, uint32_t i)
{
	const struct hsw_watch *w = &v->watch;
	uint16_t base = v->guard.ring[i].base;

	if ((v->guard.features & F_RING_PACKED) == 0 || base != HSW_RING_FRESH)
		return false;
	if ((w->told & 1u << i) != 0 && w->position[i] == base)
		return false;
	return hsw_ring_was_used(w->ring[i].descriptors, w->ring[i].num);
}

/* Rings that were started and are mapped by now. */
static void check_positions(struct hsw_vhost *v)
{
	struct hsw_watch *w = &v->watch;

	for (uint32_t left = w->started; left != 0; left &= left - 1) {
		uint32_t i = (uint32_t)__builtin_ctz(left);

		if (w->ring[i].descriptors == NULL)
			continue;
		w->started &= ~(1u << i);
		if (is_lost(v, i))
			__atomic_fetch_or(&v->lost, 1u << i, __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&v->lost, ~(1u << i), __ATOMIC_RELAXED);
	}
}

/* The frontend stops the ring, and we have told it where we were, if we were anywhere. */
static void ring_stopped(struct hsw_vhost *v, uint32_t i, uint32_t position)
{
	struct hsw_watch *w = &v->watch;
	uint32_t bit = 1u << i;

	if ((v->lost & bit) != 0)
		w->told &= ~bit;
	else
		w->told |= bit;
	w->position[i] = (uint16_t)position;
	w->started &= ~bit;
	__atomic_fetch_and(&v->lost, ~bit, __ATOMIC_RELAXED);
}

static void report_lost(struct hsw_vhost *v)
{
	vnf_log_limited(&v->limit, VNF_LOG_WARNING,
			"port \"%s\": the guest's packed ring was in use before this switch "
			"started, and its position is lost; the guest's device must be reset: "
			"restart the VNF in the guest (a vnfkit VNF does it by itself when the "
			"link comes back), or use split rings (packed=off)",
			v->port->name);
}

/*
 * A ring whose position is lost would carry garbage both ways. The connection stays: its end is
 * what a frontend shows its guest as link down, its being there as link up, upon which the guest
 * can reset its device.
 */
bool hsw_watch_message(struct hsw_vhost *v, int vid, const struct hsw_vhost_msg *msg)
{
	struct hsw_watch *w = &v->watch;
	uint32_t kicked = msg->payload.u64 & VRING_INDEX_MASK;
	uint32_t lost = v->lost;

	if (msg->request == HSW_VHOST_GET_VRING_BASE && msg->payload.state.index < HSW_GUARD_RINGS)
		ring_stopped(v, msg->payload.state.index, msg->payload.state.num);
	else if (msg->request == HSW_VHOST_SET_VRING_KICK && kicked < HSW_GUARD_RINGS)
		w->started |= 1u << kicked;
	pthread_mutex_lock(&w->lock);
	find_rings(v, vid);
	w->known = true;
	pthread_mutex_unlock(&w->lock);
	/* They change on this thread only, so that it may read on without the lock. */
	check_positions(v);
	if (lost != 0 || v->lost == 0)
		return false;
	report_lost(v);
	return true;
}

/* ---- the control thread ---- */

/* Reading it would take the signals away from whoever else waits for them. */
static uint64_t count_kicks(int fd)
{
	char path[48], text[512];
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n > 0 ? n : 0] = '\0';
	return hsw_ring_kicks(text);
}

/* With the lock held: is there no ring with a sign of a driver? */
static bool are_untouched(const struct hsw_watch *w)
{
	for (uint32_t i = 0; i < HSW_GUARD_RINGS; i++)
		if (w->ring[i].descriptors != NULL && !hsw_ring_is_untouched(&w->ring[i]))
			return false;
	return true;
}

/* With the lock held. Without rings there are none. */
static uint64_t most_kicks(const struct hsw_watch *w)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < HSW_GUARD_RINGS && most < HSW_RING_KICKS_MIN; i++)
		if (w->ring[i].descriptors != NULL && w->kick_fd[i] >= 0)
			most = RTE_MAX(most, count_kicks(w->kick_fd[i]));
	return most;
}

static bool look(struct hsw_watch *w, uint64_t now_ns)
{
	bool untouched = are_untouched(w);

	return hsw_sharing_look(&w->sharing, untouched, untouched ? most_kicks(w) : 0, now_ns);
}

void hsw_watch_poll(struct hsw_vhost *v, uint64_t now_ns)
{
	struct hsw_watch *w = &v->watch;
	bool unshared = false;

	if (__atomic_load_n(&w->sharing.result, __ATOMIC_RELAXED) != HSW_SHARING_UNKNOWN)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->known)
		unshared = look(w, now_ns);
	pthread_mutex_unlock(&w->lock);
	if (unshared)
		vnf_log_limited(&v->limit, VNF_LOG_WARNING,
				"port \"%s\": the guest signals packets but its memory shows none: "
				"it is not shared; QEMU needs share=on on its memory backend "
				"(libvirt: <access mode='shared'/>)",
				v->port->name);
}
