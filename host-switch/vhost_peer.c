/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The peer of a vhost-user port: librte_vhost's callbacks as it comes, talks and goes.
 *
 * Threads: librte_vhost's own. vring_state_changed runs with a ring's lock held, on which a worker
 * may be spinning: it stores and returns. destroy_device runs without locks and waits until no
 * worker uses the device, for that is taken apart when it returns.
 */
#include "port_vhost.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <rte_vhost.h>

#define F_RING_PACKED (1ull << 34)
#define QUIESCE_NS 1000000000ull
/* A message that asks for an answer in any case (VHOST_USER_NEED_REPLY). */
#define FLAG_NEED_REPLY (1u << 3)

/*
 * librte_vhost names ports by path and devices by number: from those to our ports. The lock guards
 * `ports`; an entry of `by_vid` is the connection's from its start to its end.
 */
static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hsw_vhost *ports[VNF_PORTS_MAX];
static struct hsw_vhost *by_vid[RTE_MAX_VHOST_DEVICE];

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static struct hsw_vhost *find_path(const char *path)
{
	struct hsw_vhost *found = NULL;

	pthread_mutex_lock(&ports_lock);
	for (unsigned int i = 0; i < RTE_DIM(ports) && found == NULL; i++)
		if (ports[i] != NULL && strcmp(ports[i]->spec->socket, path) == 0)
			found = ports[i];
	pthread_mutex_unlock(&ports_lock);
	return found;
}

static struct hsw_vhost *find_vid(int vid)
{
	if (vid < 0 || vid >= RTE_MAX_VHOST_DEVICE)
		return NULL;
	return __atomic_load_n(&by_vid[vid], __ATOMIC_ACQUIRE);
}

/* ---- callbacks: a peer comes, talks and goes ---- */

/* The answer to GET_QUEUE_NUM is ours: librte_vhost would say 128 pairs. */
static enum rte_vhost_msg_result answer_queue_num(struct hsw_vhost *v, struct hsw_vhost_msg *msg)
{
	hsw_guard_close_fds(msg);
	msg->payload.u64 = hsw_vhost_pairs(v->port);
	msg->size = sizeof(msg->payload.u64);
	return RTE_VHOST_MSG_RESULT_REPLY;
}

/* Refused for good: the connection ends. An answer would keep it open, so none is given. */
static enum rte_vhost_msg_result refuse_message(struct hsw_vhost *v, struct hsw_vhost_msg *msg,
						const char *why)
{
	hsw_guard_close_fds(msg);
	msg->flags &= ~FLAG_NEED_REPLY;
	count(&v->refused_messages);
	vnf_log_limited(&v->limit, VNF_LOG_WARNING, "port \"%s\": peer disconnected: it sent %s",
			v->port->name, why);
	return RTE_VHOST_MSG_RESULT_ERR;
}

static enum rte_vhost_msg_result guard_message(int vid, void *arg)
{
	struct hsw_vhost *v = find_vid(vid);
	struct hsw_vhost_msg *msg = arg;
	char why[160] = "";
	int ret;

	if (v == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	ret = hsw_guard_check(&v->guard, msg, clock_ns(), why, sizeof(why));
	if (ret == 0 && msg->request == HSW_VHOST_SET_MEM_TABLE)
		ret = hsw_guard_check_files(msg, why, sizeof(why));
	if (ret < 0)
		return refuse_message(v, msg, why);
	if (msg->request == HSW_VHOST_GET_QUEUE_NUM)
		return answer_queue_num(v, msg);
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static const struct rte_vhost_user_extern_ops guard_ops = {
	.pre_msg_handle = guard_message,
};

/* One peer per port: a second one is turned away, it does not take the first one's place. */
static int new_connection(int vid)
{
	char path[HSW_SOCKET_PATH_MAX + 1];
	struct hsw_vhost *v;

	if (rte_vhost_get_ifname(vid, path, sizeof(path)) < 0)
		return -1;
	v = find_path(path);
	if (v == NULL || vid >= RTE_MAX_VHOST_DEVICE)
		return -1;
	if (v->connection >= 0) {
		count(&v->refused_peers);
		vnf_log_limited(&v->limit, VNF_LOG_WARNING,
				"port \"%s\": a second peer was turned away from %s", v->port->name,
				path);
		return -1;
	}
	hsw_guard_init(&v->guard, hsw_vhost_pairs(v->port), v->spec->ring_max, clock_ns());
	if (rte_vhost_extern_callback_register(vid, &guard_ops, v) < 0)
		return -1;
	hsw_socket_set_timeouts(path);
	v->connection = vid;
	__atomic_store_n(&v->rings, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&by_vid[vid], v, __ATOMIC_RELEASE);
	count(&v->connections);
	return 0;
}

static void destroy_connection(int vid)
{
	struct hsw_vhost *v = find_vid(vid);

	/* A connection that was turned away ends here too. */
	if (v == NULL || v->connection != vid)
		return;
	__atomic_store_n(&by_vid[vid], NULL, __ATOMIC_RELEASE);
	v->connection = -1;
	vnf_log_limited(&v->limit, VNF_LOG_INFO, "port \"%s\": the peer left %s", v->port->name,
			v->spec->socket);
}

static void report_guest(struct hsw_vhost *v, int vid)
{
	uint64_t features = 0;
	uint16_t mtu = 0;

	rte_vhost_get_negotiated_features(vid, &features);
	vnf_log_limited(&v->limit, VNF_LOG_INFO,
			"port \"%s\": guest ready, %u queue pairs, %s rings, features 0x%" PRIx64,
			v->port->name, rte_vhost_get_vring_num(vid) / 2u,
			(features & F_RING_PACKED) != 0 ? "packed" : "split", features);
	if (rte_vhost_get_mtu(vid, &mtu) == 0 && mtu > v->port->mtu)
		vnf_log_limited(
			&v->limit, VNF_LOG_WARNING,
			"port \"%s\": the guest's MTU is %u, the port's %u; what is longer is "
			"dropped on the way to the guest; set mtu = %u",
			v->port->name, mtu, v->port->mtu, mtu);
}

static int new_device(int vid)
{
	struct hsw_vhost *v = find_vid(vid);

	if (v == NULL)
		return -1;
	report_guest(v, vid);
	__atomic_store_n(&v->vid, vid, __ATOMIC_RELEASE);
	vnf_port_set_up(v->port, true);
	return 0;
}

/* No worker may hold the device's number when we return: see vnf_quiesce(). */
static void destroy_device(int vid)
{
	struct hsw_vhost *v = find_vid(vid);

	if (v == NULL)
		return;
	vnf_port_set_up(v->port, false);
	__atomic_store_n(&v->vid, -1, __ATOMIC_RELEASE);
	while (vnf_quiesce(v->port->vnf, QUIESCE_NS) == -ETIMEDOUT)
		vnf_log_limited(
			&v->limit, VNF_LOG_ERROR,
			"port \"%s\": a worker has not ended its pass for a second; the guest "
			"waits for it",
			v->port->name);
}

/* With the ring's lock held: store and return. */
static int vring_state_changed(int vid, uint16_t ring, int enable)
{
	struct hsw_vhost *v = find_vid(vid);

	if (v == NULL || ring >= 2 * VNF_QUEUES_MAX)
		return 0;
	if (enable)
		__atomic_fetch_or(&v->rings, 1u << ring, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&v->rings, ~(1u << ring), __ATOMIC_RELAXED);
	return 0;
}

const struct rte_vhost_device_ops hsw_vhost_device_ops = {
	.new_device = new_device,
	.destroy_device = destroy_device,
	.vring_state_changed = vring_state_changed,
	.new_connection = new_connection,
	.destroy_connection = destroy_connection,
};

/* ---- the control thread ---- */

int hsw_vhost_enlist(struct hsw_vhost *v)
{
	int ret = -EEXIST;

	if (find_path(v->spec->socket) != NULL)
		return ret;
	pthread_mutex_lock(&ports_lock);
	for (unsigned int i = 0; i < RTE_DIM(ports) && ret < 0; i++) {
		if (ports[i] != NULL)
			continue;
		ports[i] = v;
		ret = 0;
	}
	pthread_mutex_unlock(&ports_lock);
	return ret;
}

void hsw_vhost_delist(struct hsw_vhost *v)
{
	if (v->connection >= 0)
		__atomic_store_n(&by_vid[v->connection], NULL, __ATOMIC_RELEASE);
	v->connection = -1;
	pthread_mutex_lock(&ports_lock);
	for (unsigned int i = 0; i < RTE_DIM(ports); i++)
		if (ports[i] == v)
			ports[i] = NULL;
	pthread_mutex_unlock(&ports_lock);
}
