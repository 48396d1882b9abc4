/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The port kind "vhost-user": its keys and its life, on the control thread. What its peer does is
 * in vhost_peer.c, what workers do with it in vhost_rxtx.c.
 */
#include <vnf/clock.h>

#include "port_vhost.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/virtio_net.h>
#include <rte_vhost.h>

/* virtio feature bits that DPDK's and the kernel's header may both lack (virtio 1.2, 6). */
#define FEATURE(bit) (1ull << (bit))
#define F_LOG_ALL 26
#define F_ANY_LAYOUT 27
#define F_INDIRECT_DESC 28
#define F_EVENT_IDX 29
#define F_PROTOCOL_FEATURES 30
#define F_VERSION_1 32
#define F_RING_PACKED 34
#define F_IN_ORDER 35

/*
 * What is offered, and will be for ever: QEMU does not connect again to a switch that offers less
 * than its guest negotiated. VIRTIO_NET_F_MRG_RXBUF and the offloads only if the port's keys say
 * so: see there.
 */
#define FEATURES                                                                                   \
	(FEATURE(VIRTIO_NET_F_MTU) | FEATURE(VIRTIO_NET_F_CTRL_VQ) |                               \
	 FEATURE(VIRTIO_NET_F_CTRL_RX) | FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE) |                    \
	 FEATURE(VIRTIO_NET_F_MQ) | FEATURE(F_LOG_ALL) | FEATURE(F_ANY_LAYOUT) |                   \
	 FEATURE(F_INDIRECT_DESC) | FEATURE(F_EVENT_IDX) | FEATURE(F_PROTOCOL_FEATURES) |          \
	 FEATURE(F_VERSION_1) | FEATURE(F_RING_PACKED) | FEATURE(F_IN_ORDER))
#define CHECKSUM_FEATURES (FEATURE(VIRTIO_NET_F_CSUM) | FEATURE(VIRTIO_NET_F_GUEST_CSUM))
/* Without ECN: librte_vhost forgets which frames have it. Nor UFO: a fragment is no segment. */
#define TSO_FEATURES                                                                               \
	(FEATURE(VIRTIO_NET_F_HOST_TSO4) | FEATURE(VIRTIO_NET_F_HOST_TSO6) |                       \
	 FEATURE(VIRTIO_NET_F_GUEST_TSO4) | FEATURE(VIRTIO_NET_F_GUEST_TSO6))
#define PROTOCOL_FEATURES                                                                          \
	(FEATURE(VHOST_USER_PROTOCOL_F_MQ) | FEATURE(VHOST_USER_PROTOCOL_F_LOG_SHMFD) |            \
	 FEATURE(VHOST_USER_PROTOCOL_F_RARP) | FEATURE(VHOST_USER_PROTOCOL_F_REPLY_ACK) |          \
	 FEATURE(VHOST_USER_PROTOCOL_F_NET_MTU) | FEATURE(VHOST_USER_PROTOCOL_F_STATUS))

#define DEFAULT_PAIRS VNF_QUEUES_MAX
/* What librte_vhost allocates for a frame that is longer than a packet buffer. */
#define TSO_BUFFER_BYTES (1u << 16)

static const char *const mode_names[] = {
	[HSW_VHOST_CLIENT] = "client",
	[HSW_VHOST_SERVER] = "server",
	NULL,
};

static const struct vnf_config_key vhost_keys[] = {
	{ .name = "socket",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct hsw_vhost_spec, socket),
	  .min = 1,
	  .check = hsw_check_socket_path,
	  .doc = "Path of the vhost-user socket, absolute, at most 107 octets." },
	{ .name = "mode",
	  .type = VNF_CONFIG_ENUM,
	  .offset = offsetof(struct hsw_vhost_spec, mode),
	  .choices = mode_names,
	  .def = "client",
	  .doc = "\"client\" connects to a guest that made the socket, and again whenever either "
		 "side was restarted; \"server\" makes the socket." },
	{ .name = "owner",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct hsw_vhost_spec, owner),
	  .check = hsw_check_owner,
	  .doc = "User that owns the socket in mode \"server\"; left out: our own." },
	{ .name = "group",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct hsw_vhost_spec, group),
	  .check = hsw_check_group,
	  .doc = "Group of the socket in mode \"server\"; left out: our own." },
	{ .name = "access",
	  .type = VNF_CONFIG_MODE,
	  .offset = offsetof(struct hsw_vhost_spec, access),
	  .def = "0660",
	  .doc = "File mode of the socket in mode \"server\"; who may write may be the guest." },
	{ .name = "ring_max",
	  .type = VNF_CONFIG_U32,
	  .offset = offsetof(struct hsw_vhost_spec, ring_max),
	  .min = 256,
	  .max = 32768,
	  .unit = "descriptors",
	  .def = "4096",
	  .doc = "Size that the guest may choose for a ring at most; memory is planned for it." },
	{ .name = "mergeable",
	  .type = VNF_CONFIG_BOOL,
	  .offset = offsetof(struct hsw_vhost_spec, mergeable),
	  .def = "false",
	  .doc = "Let the guest spread a frame over several buffers. Only for a guest whose "
		 "buffers are shorter than the MTU, and slow: a fault of librte_vhost, which a "
		 "guest can use, is avoided by sending frames to it one at a time. With offloads "
		 "= \"tso\" what spares a Linux guest buffers of 64 KiB." },
	VNF_OFFLOADS_KEY(struct hsw_vhost_spec, offloads, "checksum"),
	{ .name = NULL },
};

static_assert(2 * VNF_QUEUES_MAX <= HSW_GUARD_RINGS, "the guard knows all rings of a port");

uint32_t hsw_vhost_pairs(const struct vnf_port *port)
{
	return port->spec->queues != 0 ? port->spec->queues : DEFAULT_PAIRS;
}

bool hsw_vhost_was_down(const struct vnf_port *port)
{
	struct hsw_vhost *v = port->priv;
	uint32_t downs;

	if (port->kind != &hsw_port_kind_vhost_user || v == NULL)
		return false;
	downs = __atomic_load_n(&v->downs, __ATOMIC_ACQUIRE);
	if (downs == v->downs_seen)
		return false;
	v->downs_seen = downs;
	return true;
}

static void vhost_check(struct vnf_config *file, const struct vnf_port_spec *spec)
{
	const struct hsw_vhost_spec *s = spec->kind_spec;

	if (s->mode == HSW_VHOST_SERVER)
		return;
	if (vnf_config_is_set(file, &s->owner) || vnf_config_is_set(file, &s->group) ||
	    vnf_config_is_set(file, &s->access))
		vnf_config_error(file, &s->socket,
				 "owner, group and access belong to mode = \"server\"; in mode "
				 "\"client\" the guest makes the socket");
}

/*
 * librte_vhost keeps, per descriptor, a copy job (32 octets) and a used entry (up to 16), and some
 * kilobytes per ring; before our guard is asked, a message can make it create all of its 256 rings.
 */
static void vhost_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	const struct hsw_vhost_spec *spec = port->spec->kind_spec;

	need->bytes = 2ull * hsw_vhost_pairs(port) * (spec->ring_max * 48ull + 4096) + (1u << 19);
	if (spec->offloads != VNF_OFFLOADS_TSO)
		return;
	need->bytes += port->n_queues * 2ull * VNF_BURST_MAX * TSO_BUFFER_BYTES;
	/* Segments that are made of them, until they are sent. */
	need->mbufs += port->n_queues * 2u * VNF_BURST_MAX;
}

static void queues_init(struct hsw_vhost *v)
{
	struct vnf_port *port = v->port;

	for (uint16_t i = 0; i < port->n_queues; i++) {
		struct hsw_vhost_queue *q = &v->queue[i];

		q->vhost = v;
		for (uint32_t pair = i; pair < VNF_QUEUES_MAX; pair += port->n_queues)
			q->rings |= 1u << (2 * pair + 1);
		port->queue[i] = q;
	}
}

static struct hsw_vhost *vhost_create(struct vnf_port *port)
{
	struct hsw_vhost *v = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*v));

	if (v == NULL)
		return NULL;
	memset(v, 0, sizeof(*v));
	v->port = port;
	v->spec = port->spec->kind_spec;
	v->pool = port->pool;
	v->vid = -1;
	v->connection = -1;
	v->lock_fd = -1;
	v->peer_fd = -1;
	v->burst = 1;
	pthread_mutex_init(&v->peer_lock, NULL);
	pthread_mutex_init(&v->watch.lock, NULL);
	hsw_guard_init(&v->guard, hsw_vhost_pairs(port), v->spec->ring_max, 0);
	return v;
}

/* Offer what we implement, and nothing else of what librte_vhost could. */
static int offer_features(const struct hsw_vhost_spec *spec)
{
	const char *path = spec->socket;
	uint64_t offered = FEATURES | (spec->mergeable ? FEATURE(VIRTIO_NET_F_MRG_RXBUF) : 0);
	uint64_t all = 0, protocol = 0;

	if (spec->offloads != VNF_OFFLOADS_NONE)
		offered |= CHECKSUM_FEATURES;
	if (spec->offloads == VNF_OFFLOADS_TSO)
		offered |= TSO_FEATURES;

	if (rte_vhost_driver_get_features(path, &all) < 0 ||
	    rte_vhost_driver_disable_features(path, all & ~offered) < 0 ||
	    rte_vhost_driver_get_protocol_features(path, &protocol) < 0 ||
	    rte_vhost_driver_set_protocol_features(path, protocol & PROTOCOL_FEATURES) < 0)
		return -EIO;
	return 0;
}

static int vhost_register(struct hsw_vhost *v)
{
	/* Linear: a frame that is longer than our buffers ends there, and not with all of them. One
	 * that is yet to be cut is received into memory of its own, of 64 KiB at most.
	 */
	uint64_t flags = RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS | RTE_VHOST_USER_LINEARBUF_SUPPORT;

	if (v->spec->offloads == VNF_OFFLOADS_TSO)
		flags |= RTE_VHOST_USER_EXTBUF_SUPPORT;

	if (v->spec->mode == HSW_VHOST_CLIENT)
		flags |= RTE_VHOST_USER_CLIENT;
	if (rte_vhost_driver_register(v->spec->socket, flags) < 0) {
		vnf_error("port \"%s\": librte_vhost does not take %s; is another port using it?",
			  v->port->name, v->spec->socket);
		return -EIO;
	}
	v->registered = true;
	if (offer_features(v->spec) == 0 &&
	    rte_vhost_driver_callback_register(v->spec->socket, &hsw_vhost_device_ops) == 0)
		return 0;
	vnf_error("port \"%s\": librte_vhost refused its features or callbacks", v->port->name);
	return -EIO;
}

static void vhost_unregister(struct hsw_vhost *v)
{
	if (v->registered)
		rte_vhost_driver_unregister(v->spec->socket);
	v->registered = false;
	hsw_vhost_forget_peer(v);
}

static void vhost_close(struct vnf_port *port)
{
	struct hsw_vhost *v = port->priv;

	vhost_unregister(v);
	hsw_vhost_delist(v);
	hsw_fault_unwatch(v);
	hsw_socket_release(v->spec->socket, v->lock_fd);
	port->priv = NULL;
	pthread_mutex_destroy(&v->watch.lock);
	pthread_mutex_destroy(&v->peer_lock);
	free(v);
}

static int vhost_acquire(struct hsw_vhost *v)
{
	const char *name = v->port->name;
	int ret = hsw_socket_check_directory(name, v->spec->socket);

	if (ret == 0 && v->spec->mode == HSW_VHOST_SERVER) {
		v->lock_fd = hsw_socket_claim(name, v->spec->socket);
		ret = v->lock_fd < 0 ? v->lock_fd : 0;
	}
	if (ret == 0)
		ret = hsw_fault_watch(v);
	if (ret < 0)
		return ret;
	if (hsw_vhost_enlist(v) < 0) {
		vnf_error("port \"%s\": another port uses %s; give each its own socket", name,
			  v->spec->socket);
		return -EEXIST;
	}
	return vhost_register(v);
}

static int vhost_open(struct vnf_port *port)
{
	struct hsw_vhost *v = vhost_create(port);
	int ret;

	if (v == NULL)
		return -ENOMEM;
	port->priv = v;
	hsw_socket_note_inherited();
	queues_init(v);
	ret = vhost_acquire(v);
	if (ret < 0) {
		vhost_close(port);
		return ret;
	}
	port->rx = hsw_vhost_rx;
	port->tx = hsw_vhost_tx;
	port->tx_copy = hsw_vhost_tx_copy;
	return 0;
}

/* The socket is bound with no rights for others, and given its owner and mode afterwards. */
static int vhost_start(struct vnf_port *port)
{
	const struct hsw_vhost *v = port->priv;
	mode_t before = umask(0177);
	int ret = rte_vhost_driver_start(v->spec->socket);

	umask(before);
	if (ret < 0) {
		vnf_error("port \"%s\": cannot serve %s; may this user write into its directory?",
			  port->name, v->spec->socket);
		return -EIO;
	}
	if (v->spec->mode == HSW_VHOST_SERVER)
		return hsw_socket_grant(port->name, v->spec);
	return 0;
}

/*
 * A client-mode port whose guest misbehaved: librte_vhost would connect again at once, as often as
 * the guest likes. So its socket is taken away from it until the guard's pause is over.
 */
static void park(struct hsw_vhost *v)
{
	if (v->registered) {
		vhost_unregister(v);
		vnf_port_set_up(v->port, false);
	}
	if (!hsw_guard_is_paused(&v->guard, vnf_clock_now())) {
		__atomic_store_n(&v->parked, 0, __ATOMIC_RELAXED);
		if (vhost_register(v) < 0 || rte_vhost_driver_start(v->spec->socket) < 0)
			__atomic_store_n(&v->parked, 1, __ATOMIC_RELAXED);
	}
}

static void vhost_poll(struct vnf_port *port)
{
	struct hsw_vhost *v = port->priv;

	hsw_vhost_poll_peer(v);
	hsw_watch_poll(v, vnf_clock_now());
	if (__atomic_load_n(&v->parked, __ATOMIC_ACQUIRE) != 0)
		park(v);
}

static void vhost_stop(struct vnf_port *port)
{
	vhost_unregister(port->priv);
	vnf_port_set_up(port, false);
}

/* A guest's socket is for one port, and so is the lock on one that we serve. */
static void vhost_claims(const struct vnf_port_spec *port, struct vnf_claims *claims)
{
	const struct hsw_vhost_spec *spec = port->kind_spec;
	char lock[HSW_SOCKET_PATH_MAX + sizeof(".lock")];

	vnf_claim_file(claims, &spec->socket, spec->socket, false);
	snprintf(lock, sizeof(lock), "%s.lock", spec->socket);
	vnf_claim_file(claims, &spec->socket, lock, false);
}

const struct vnf_port_kind hsw_port_kind_vhost_user = {
	.name = "vhost-user",
	.doc = "A guest on a vhost-user socket: a virtual machine or a virtio-user process.",
	.keys = vhost_keys,
	.spec_size = sizeof(struct hsw_vhost_spec),
	.flags = VNF_KIND_TX_SHARED,
	.queues_max = VNF_QUEUES_MAX,
	.check = vhost_check,
	.claims = vhost_claims,
	.need = vhost_need,
	.open = vhost_open,
	.start = vhost_start,
	.poll = vhost_poll,
	.explain = hsw_vhost_explain,
	.stop = vhost_stop,
	.close = vhost_close,
};
