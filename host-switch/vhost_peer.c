/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The peer of a vhost-user port: librte_vhost's callbacks as it comes, talks and goes.
 *
 * Threads: librte_vhost's own. vring_state_changed runs with a ring's lock held, on which a worker
 * may be spinning: it stores and returns. destroy_device runs without locks and waits until no
 * worker uses the device, for that is taken apart when it returns.
 */
#include <vnf/clock.h>

#include "port_vhost.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <rte_vhost.h>

#define F_CSUM (1ull << VIRTIO_NET_F_CSUM)
#define F_GUEST_CSUM (1ull << VIRTIO_NET_F_GUEST_CSUM)
#define F_GUEST_TSO4 (1ull << VIRTIO_NET_F_GUEST_TSO4)
#define F_GUEST_TSO6 (1ull << VIRTIO_NET_F_GUEST_TSO6)
#define F_HOST_TSO (1ull << VIRTIO_NET_F_HOST_TSO4 | 1ull << VIRTIO_NET_F_HOST_TSO6)
#define F_MRG_RXBUF (1ull << 15)
#define F_MQ (1ull << 22)
#define F_RING_PACKED (1ull << 34)
#define QUIESCE_NS 1000000000ull
/* A message that asks for an answer in any case, and an answer. */
#define FLAG_NEED_REPLY (1u << 3)
#define FLAG_REPLY (1u << 2)
/* The first two rings, which are there without multiqueue. */
#define FIRST_PAIR 3u

/*
 * librte_vhost names ports by path and devices by number: from those to our ports. The lock guards
 * `ports`; an entry of `by_vid` is the connection's from its start to its end.
 */
static pthread_mutex_t ports_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hsw_vhost *ports[VNF_PORTS_MAX];
static struct hsw_vhost *by_vid[RTE_MAX_VHOST_DEVICE];

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

static void blame(struct hsw_vhost *v, const char *why)
{
	v->blamed = true;
	count(&v->refused_messages);
	vnf_log_limited(&v->limit, VNF_LOG_WARNING, "port \"%s\": peer disconnected: it sent %s",
			v->port->name, why);
}

/* Refused for good: the connection ends. An answer would keep it open, so none is given. */
static enum rte_vhost_msg_result refuse_message(struct hsw_vhost *v, struct hsw_vhost_msg *msg,
						const char *why)
{
	hsw_guard_close_fds(msg);
	blame(v, why);
	return RTE_VHOST_MSG_RESULT_ERR;
}

/* Answers are written by the one thread that serves all guests: it must not wait for a reader. */
static bool can_answer(const struct hsw_vhost *v)
{
	struct pollfd p = { .fd = v->peer_fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static int check_message(struct hsw_vhost *v, struct hsw_vhost_msg *msg, char *why, size_t why_size)
{
	int ret = hsw_guard_check(&v->guard, msg, vnf_clock_now(), why, why_size);

	if (ret == 0)
		ret = hsw_guard_check_files(msg, why, why_size);
	if (ret == 0 && (v->must_answer || hsw_guard_is_answered(msg)) && !can_answer(v)) {
		snprintf(why, why_size, "requests without reading our answers");
		ret = -EBUSY;
	}
	return ret;
}

/*
 * Asked before librte_vhost handles a message. A request for an acknowledgement is set aside until
 * the message has succeeded: librte_vhost would acknowledge a failure and go on with a device that
 * is half changed, while without the request it ends the connection.
 */
static enum rte_vhost_msg_result guard_message(int vid, void *arg)
{
	struct hsw_vhost *v = find_vid(vid);
	struct hsw_vhost_msg *msg = arg;
	char why[192] = "";

	if (v == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	hsw_watch_pause(v);
	v->must_answer = v->guard.reply_ack && (msg->flags & FLAG_NEED_REPLY) != 0;
	msg->flags &= ~(FLAG_NEED_REPLY | FLAG_REPLY);
	if (v->muted) {
		hsw_guard_close_fds(msg);
		return RTE_VHOST_MSG_RESULT_ERR;
	}
	if (check_message(v, msg, why, sizeof(why)) < 0)
		return refuse_message(v, msg, why);
	hsw_fault_enter(v);
	if (msg->request == HSW_VHOST_SET_FEATURES && (msg->payload.u64 & F_MQ) == 0)
		__atomic_fetch_and(&v->rings, FIRST_PAIR, __ATOMIC_RELAXED);
	if (msg->request == HSW_VHOST_GET_QUEUE_NUM)
		return answer_queue_num(v, msg);
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* Octets that librte_vhost may write at the ring's used area. */
static uint64_t used_bytes(const struct rte_vhost_vring *ring, uint64_t features)
{
	if ((features & F_RING_PACKED) != 0)
		return sizeof(struct vring_packed_desc_event);
	return sizeof(struct vring_used) + ring->size * sizeof(struct vring_used_elem) +
	       sizeof(uint16_t);
}

/*
 * What we told librte_vhost about notifications it writes into a ring again whenever the ring
 * becomes ready, without a look at where the ring's used area ends. The guest says where it is.
 */
static bool rings_are_inside(const struct hsw_vhost *v, int vid)
{
	uint64_t features = 0;
	uint16_t n = RTE_MIN(rte_vhost_get_vring_num(vid), 2 * VNF_QUEUES_MAX);

	rte_vhost_get_negotiated_features(vid, &features);
	for (uint16_t i = 0; i < n; i++) {
		struct rte_vhost_vring ring;

		if (rte_vhost_get_vhost_vring(vid, i, &ring) == 0 && ring.used != NULL &&
		    !hsw_fault_in_range(v, (uintptr_t)ring.used, used_bytes(&ring, features)))
			return false;
	}
	return true;
}

/* Workers may still be in a pass: see destroy_device(). */
static void port_lower(struct hsw_vhost *v)
{
	vnf_port_set_up(v->port, false);
	__atomic_fetch_add(&v->downs, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&v->vid, -1, __ATOMIC_RELEASE);
}

/* Asked after a message was handled without an error, the rings' locks still held. */
static enum rte_vhost_msg_result message_done(int vid, void *arg)
{
	struct hsw_vhost *v = find_vid(vid);
	struct hsw_vhost_msg *msg = arg;

	if (v == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	if (msg->request == HSW_VHOST_SET_MEM_TABLE || msg->request == HSW_VHOST_SET_LOG_BASE)
		hsw_fault_set_ranges(v, vid);
	hsw_fault_enter(NULL);
	if (!rings_are_inside(v, vid)) {
		blame(v, "a ring that reaches beyond its memory");
		return RTE_VHOST_MSG_RESULT_ERR;
	}
	if (hsw_watch_message(v, vid, msg) && v->vid >= 0)
		port_lower(v);
	if (v->must_answer && (msg->flags & FLAG_REPLY) == 0)
		msg->flags |= FLAG_NEED_REPLY;
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static const struct rte_vhost_user_extern_ops guard_ops = {
	.pre_msg_handle = guard_message,
	.post_msg_handle = message_done,
};

/* ---- connections ---- */

bool hsw_vhost_is_peer(uint64_t inode)
{
	for (unsigned int i = 0; i < RTE_DIM(ports); i++)
		if (ports[i] != NULL && ports[i]->peer_inode == inode)
			return true;
	return false;
}

static int take_peer(struct hsw_vhost *v)
{
	uint64_t inode = 0;
	int fd;

	pthread_mutex_lock(&ports_lock);
	fd = hsw_socket_find_peer(v->spec, &inode);
	if (fd >= 0)
		v->peer_inode = inode;
	pthread_mutex_unlock(&ports_lock);
	pthread_mutex_lock(&v->peer_lock);
	v->peer_fd = fd;
	pthread_mutex_unlock(&v->peer_lock);
	return fd < 0 ? fd : 0;
}

static void drop_peer(struct hsw_vhost *v)
{
	pthread_mutex_lock(&v->peer_lock);
	if (v->peer_fd >= 0)
		close(v->peer_fd);
	v->peer_fd = -1;
	pthread_mutex_unlock(&v->peer_lock);
	pthread_mutex_lock(&ports_lock);
	v->peer_inode = 0;
	pthread_mutex_unlock(&ports_lock);
}

/* Did the peer hang up? If not, it was us who ended the connection, and for a reason. */
static bool peer_left(const struct hsw_vhost *v)
{
	struct pollfd p = { .fd = v->peer_fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* In client mode librte_vhost forgets a port whose connection is refused: so that one is taken, but
 * not listened to, and the control thread lets the port rest.
 */
static int refuse_peer(struct hsw_vhost *v)
{
	count(&v->refused_peers);
	if (v->spec->mode == HSW_VHOST_SERVER)
		return -1;
	v->muted = true;
	__atomic_store_n(&v->parked, 1, __ATOMIC_RELEASE);
	return 0;
}

static int admit_peer(struct hsw_vhost *v)
{
	int ret = hsw_guard_admit(&v->guard, vnf_clock_now());

	v->muted = false;
	v->blamed = false;
	if (ret == 0)
		ret = take_peer(v);
	if (ret == 0)
		return 0;
	vnf_log_limited(&v->limit, VNF_LOG_WARNING, "port \"%s\": a peer at %s was turned away: %s",
			v->port->name, v->spec->socket,
			ret == -EBUSY ? "they come too often, or the last one was disconnected"
				      : "its connection cannot be told from others");
	return refuse_peer(v);
}

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
	if (rte_vhost_extern_callback_register(vid, &guard_ops, v) < 0 || admit_peer(v) < 0)
		return -1;
	hsw_guard_begin(&v->guard);
	hsw_watch_reset(v);
	v->connection = vid;
	__atomic_store_n(&v->broken, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&v->rings, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&v->loud, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&by_vid[vid], v, __ATOMIC_RELEASE);
	if (!v->muted)
		count(&v->connections);
	return 0;
}

static void connection_end(struct hsw_vhost *v)
{
	if (v->connection >= 0)
		__atomic_store_n(&by_vid[v->connection], NULL, __ATOMIC_RELEASE);
	v->connection = -1;
	hsw_watch_reset(v);
	hsw_fault_enter(NULL);
	hsw_fault_set_ranges(v, -1);
	drop_peer(v);
}

static void destroy_connection(int vid)
{
	struct hsw_vhost *v = find_vid(vid);

	/* A connection that was turned away ends here too. */
	if (v == NULL || v->connection != vid)
		return;
	if (!v->muted &&
	    (v->blamed || !peer_left(v) || __atomic_load_n(&v->broken, __ATOMIC_RELAXED) != 0)) {
		hsw_guard_punish(&v->guard, vnf_clock_now());
		if (v->spec->mode == HSW_VHOST_CLIENT)
			__atomic_store_n(&v->parked, 1, __ATOMIC_RELEASE);
	}
	connection_end(v);
	vnf_log_limited(&v->limit, VNF_LOG_INFO, "port \"%s\": the peer left %s", v->port->name,
			v->spec->socket);
}

/* ---- devices ---- */

static void report_guest(struct hsw_vhost *v, int vid, uint64_t features)
{
	uint16_t mtu = 0;

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

/* What the guest agreed to; librte_vhost writes it into a header whether it did or not. */
static uint32_t guest_takes(uint64_t features)
{
	uint32_t takes = 0;

	if ((features & F_GUEST_CSUM) == 0)
		return 0;
	takes |= VNF_TAKES_CHECKSUM;
	if ((features & F_GUEST_TSO4) != 0)
		takes |= VNF_TAKES_TSO4;
	if ((features & F_GUEST_TSO6) != 0)
		takes |= VNF_TAKES_TSO6;
	return takes;
}

static int new_device(int vid)
{
	struct hsw_vhost *v = find_vid(vid);
	uint64_t features = 0;

	/* Refused, a device is offered again after each message. */
	if (v == NULL || v->lost != 0)
		return -1;
	rte_vhost_get_negotiated_features(vid, &features);
	report_guest(v, vid, features);
	/* With mergeable buffers one frame may fill up the ring's table of used buffers. */
	v->burst = (features & F_MRG_RXBUF) != 0 ? 1 : HSW_VHOST_BURST;
	/* From packed rings it takes four descriptors together, and if one of them is too long
	 * forgets the memory that it took for the others.
	 */
	v->rx_burst = (features & F_RING_PACKED) != 0 && v->spec->offloads == VNF_OFFLOADS_TSO
			      ? HSW_VHOST_BATCH - 1
			      : UINT16_MAX;
	v->lies = (features & F_CSUM) != 0 && (features & F_HOST_TSO) == 0;
	vnf_port_set_takes(v->port, guest_takes(features));
	__atomic_store_n(&v->features, features, __ATOMIC_RELAXED);
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
	port_lower(v);
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
	if (enable && (v->lost & 1u << ring) == 0) {
		__atomic_fetch_or(&v->loud, 1u << ring, __ATOMIC_RELAXED);
		__atomic_fetch_or(&v->rings, 1u << ring, __ATOMIC_RELAXED);
	} else {
		__atomic_fetch_and(&v->rings, ~(1u << ring), __ATOMIC_RELAXED);
	}
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
	int ret = -ENOSPC;

	pthread_mutex_lock(&ports_lock);
	for (unsigned int i = 0; i < RTE_DIM(ports); i++)
		if (ports[i] != NULL && hsw_socket_is_same(ports[i]->spec->socket, v->spec->socket))
			ret = -EEXIST;
	for (unsigned int i = 0; i < RTE_DIM(ports) && ret == -ENOSPC; i++) {
		if (ports[i] != NULL)
			continue;
		ports[i] = v;
		ret = 0;
	}
	pthread_mutex_unlock(&ports_lock);
	return ret;
}

void hsw_vhost_forget_peer(struct hsw_vhost *v)
{
	connection_end(v);
}

void hsw_vhost_delist(struct hsw_vhost *v)
{
	connection_end(v);
	pthread_mutex_lock(&ports_lock);
	for (unsigned int i = 0; i < RTE_DIM(ports); i++)
		if (ports[i] == v)
			ports[i] = NULL;
	pthread_mutex_unlock(&ports_lock);
}

void hsw_vhost_poll_peer(struct hsw_vhost *v)
{
	if (__atomic_load_n(&v->broken, __ATOMIC_RELAXED) != 1)
		return;
	/* Said once; cleared when the next peer comes. */
	__atomic_store_n(&v->broken, 2, __ATOMIC_RELAXED);
	vnf_log_limited(&v->limit, VNF_LOG_WARNING,
			"port \"%s\": peer disconnected: it cut memory off that it had given us",
			v->port->name);
	pthread_mutex_lock(&v->peer_lock);
	if (v->peer_fd >= 0)
		shutdown(v->peer_fd, SHUT_RDWR);
	pthread_mutex_unlock(&v->peer_lock);
}
