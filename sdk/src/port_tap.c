/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kind "tap": the other end of a kernel interface that it makes on /dev/net/tun, inside the
 * network namespace that the file names. DPDK's net_tap would not do: it has no struct
 * virtio_net_hdr, and one that is moved to another namespace reads link down for ever.
 *
 * What checksums and segments the kernel may leave to us is told to it by TUNSETOFFLOAD; what we
 * leave to it, it takes by the header before each frame. A system call moves one frame. See
 * Documentation/networking/tuntap.rst of Linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <rte_malloc.h>

#include <vnf/log.h>

#include "kernel_io.h"
#include "link_stats.h"
#include "pace.h"
#include "port_kinds.h"
#include "vnf_priv.h"

#define TUN_DEVICE "/dev/net/tun"

struct tap_spec {
	struct kio_spec kio; /* first */
	uint8_t peer_mac[6];
};

struct tap_queue {
	int fd;
	struct kio_limits limits;
	struct rte_mempool *pool;
	struct gap gap;
	uint64_t errors;
	uint64_t nombuf;
	struct kio_slot slot;
};

/* Belongs to the control thread; others may read `missed`. */
struct tap {
	int control; /* socket inside the namespace, for ioctls on the interface */
	int stats;   /* the namespace's counters; -1 = do without */
	int ifindex;
	uint64_t missed_before; /* dropped by the interface before it was ours */
	uint64_t missed;
	bool gone; /* said so already */
	char ifname[IFNAMSIZ];
	struct netns_id netns;
};

/* What the thread inside the namespace works on. */
struct tap_visit {
	struct vnf_port *port;
	bool inside;
};

static const struct vnf_config_key tap_keys[] = {
	{ .name = "ifname",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct tap_spec, kio.ifname),
	  .doc = "Name of the kernel interface, at most 15 octets; by default that of the port." },
	{ .name = "netns",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct tap_spec, kio.netns),
	  .doc = "Network namespace the interface is made in: a name as of \"ip netns\" or an "
		 "absolute path; by default the one the program runs in." },
	{ .name = "peer_mac",
	  .type = VNF_CONFIG_MAC,
	  .offset = offsetof(struct tap_spec, peer_mac),
	  .doc = "MAC address of the kernel interface; by default the kernel makes one up." },
	VNF_OFFLOADS_KEY(struct tap_spec, kio.offloads, "none"),
	{ .name = NULL },
};

static void tap_check(struct vnf_config *file, const struct vnf_port_spec *spec)
{
	const struct tap_spec *s = spec->kind_spec;

	kio_check(file, spec);
	if ((s->peer_mac[0] & 1) != 0)
		vnf_config_error(file, &s->peer_mac, "an interface cannot have a group address");
}

/* The interface in its namespace, whatever that is called here. */
static void tap_claims(const struct vnf_port_spec *spec, struct vnf_claims *claims)
{
	const struct tap_spec *s = spec->kind_spec;
	const char *netns = s->kio.netns[0] != '\0' ? s->kio.netns : "/proc/self/ns/net";
	const void *field = s->kio.ifname[0] != '\0' ? (const void *)&s->kio.ifname : spec;
	const char *ifname = kio_ifname(spec);
	char identity[PATH_MAX + 64], words[64];
	struct netns_id id;

	if (netns_identify(netns, &id) == 0)
		snprintf(identity, sizeof(identity), "tap %s %llu:%llu", ifname,
			 (unsigned long long)id.dev, (unsigned long long)id.ino);
	else
		snprintf(identity, sizeof(identity), "tap %s %s", ifname, netns);
	snprintf(words, sizeof(words), "interface %s of this network namespace", ifname);
	vnf_claim_name(claims, field, identity, words);
}

static void tap_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	need->mbufs += port->n_queues * KIO_SEGS_MAX + kio_tso_mbufs(port);
	need->bytes += port->n_queues * sizeof(struct tap_queue);
}

/* ---- data path ---- */

static uint16_t tap_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct tap_queue *q = queue;
	uint64_t now = vnf_clock_now();
	uint16_t got = 0;

	if (gap_lasts(&q->gap, now))
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		ssize_t bytes;

		if (unlikely(kio_slot_fill(&q->slot, q->pool, q->limits.rx_max) < 0)) {
			__atomic_store_n(&q->nombuf, q->nombuf + 1, __ATOMIC_RELAXED);
			gap_begin(&q->gap, now);
			break;
		}
		bytes = readv(q->fd, q->slot.iov, q->slot.n_iov);
		if (bytes < 0) {
			gap_begin(&q->gap, now);
			break;
		}
		pkts[got] = kio_slot_take(&q->slot, (size_t)bytes, &q->limits);
		if (likely(pkts[got] != NULL))
			got++;
		else
			__atomic_store_n(&q->errors, q->errors + 1, __ATOMIC_RELAXED);
	}
	return got;
}

static uint16_t tap_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
			    struct vnf_port_counters *counters)
{
	struct iovec iov[KIO_IOV_MAX];
	struct tap_queue *q = queue;
	struct virtio_net_hdr hdr;
	uint32_t reason;
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (unlikely(!kio_tx_prepare(pkts[i], &q->limits, &hdr, &reason))) {
			vnf_port_drop(counters, &pkts[i], 1, reason);
			continue;
		}
		if (likely(writev(q->fd, iov, kio_tx_iov(pkts[i], &hdr, iov)) >= 0)) {
			vnf_count_tx(counters, &pkts[i], 1);
			continue;
		}
		reason = kio_tx_reason(errno);
		if (reason == VNF_DROP_TX_FULL)
			return i;
		if (reason == VNF_DROP_PORT_DOWN) {
			/* Nor will it take the rest: save the system calls. */
			vnf_port_drop(counters, &pkts[i], n - i, reason);
			return n;
		}
		vnf_port_drop(counters, &pkts[i], 1, reason);
	}
	return i;
}

static uint16_t tap_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
		       struct vnf_port_counters *counters)
{
	n = tap_tx_copy(queue, pkts, n, counters);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* ---- open and close ---- */

static const char *tap_attach_hint(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "run as root, or in a user and network namespace, or make the interface for "
		       "this user: ip tuntap add IFNAME mode tap user USER";
	case EBUSY:
		return "another program has it: stop that, or set another ifname";
	case EINVAL:
	case EEXIST:
		return "there is an interface of this name that is not a tap, or one with other "
		       "flags (multi_queue): delete it, or set another ifname";
	default:
		return "set another ifname";
	}
}

static int tap_device_open(const struct vnf_port *port)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int error = errno;

	if (fd >= 0)
		return fd;
	if (error == EACCES || error == EPERM)
		vnf_error("port \"%s\": cannot open " TUN_DEVICE ": %s; run as root, or give this "
			  "user the right to (chmod 0666)",
			  port->name, strerror(error));
	else
		vnf_error("port \"%s\": cannot open " TUN_DEVICE ": %s; load the kernel module "
			  "(modprobe tun), or pass the device to the container",
			  port->name, strerror(error));
	return -error;
}

/* Without TUN_F_TSO_ECN: a frame with CWR is cut by the kernel, for whose sake no virtio header
 * that librte_vhost writes could tell that it has it.
 */
static unsigned long tap_offloads(const struct vnf_port *port)
{
	switch (kio_limits_of(port).offloads) {
	case VNF_OFFLOADS_TSO:
		return TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	case VNF_OFFLOADS_CHECKSUM:
		return TUN_F_CSUM;
	default:
		return 0;
	}
}

static int tap_attach(const struct vnf_port *port, int fd)
{
	struct tap *t = port->priv;
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int size = sizeof(struct virtio_net_hdr);
	int ret;

	if (port->n_queues > 1)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	ret = kio_ioctl(fd, TUNSETIFF, t->ifname, &ifr);
	if (ret < 0) {
		vnf_error("port \"%s\": cannot make the interface %s: %s; %s", port->name,
			  t->ifname, strerror(-ret), tap_attach_hint(-ret));
		return ret;
	}
	if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0 ||
	    ioctl(fd, TUNSETOFFLOAD, tap_offloads(port)) < 0) {
		ret = -errno;
		vnf_error("port \"%s\": interface %s: cannot set header size and offloads: %s",
			  port->name, t->ifname, strerror(-ret));
	}
	return ret;
}

static int tap_set_failed(const struct vnf_port *port, const char *what, int ret)
{
	const struct tap *t = port->priv;

	vnf_error("port \"%s\": interface %s: cannot set its %s: %s%s", port->name, t->ifname, what,
		  strerror(-ret),
		  ret == -EPERM ? "; run as root, or set it before with ip link set" : "");
	return ret;
}

/* What is already as it should be is left alone: that works without privileges. */
static int tap_set_mtu(const struct vnf_port *port)
{
	const struct tap *t = port->priv;
	struct ifreq ifr;
	int ret;

	ret = kio_ioctl(t->control, SIOCGIFMTU, t->ifname, &ifr);
	if (ret == 0 && ifr.ifr_mtu == port->mtu)
		return 0;
	ifr.ifr_mtu = port->mtu;
	ret = kio_ioctl(t->control, SIOCSIFMTU, t->ifname, &ifr);
	return ret < 0 ? tap_set_failed(port, "MTU", ret) : 0;
}

static int tap_set_mac(const struct vnf_port *port)
{
	const struct tap_spec *s = port->spec->kind_spec;
	const struct tap *t = port->priv;
	struct rte_ether_addr mac;
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };
	int ret;

	memcpy(&mac, s->peer_mac, sizeof(mac));
	if (rte_is_zero_ether_addr(&mac))
		return 0;
	memcpy(ifr.ifr_hwaddr.sa_data, s->peer_mac, sizeof(s->peer_mac));
	ret = kio_ioctl(t->control, SIOCSIFHWADDR, t->ifname, &ifr);
	return ret < 0 ? tap_set_failed(port, "MAC address", ret) : 0;
}

static int tap_set_up(const struct vnf_port *port)
{
	const struct tap *t = port->priv;
	struct ifreq ifr;
	int ret;

	ret = kio_ioctl(t->control, SIOCGIFFLAGS, t->ifname, &ifr);
	if (ret == 0 && (ifr.ifr_flags & IFF_UP) != 0)
		return 0;
	ifr.ifr_flags |= IFF_UP;
	if (ret == 0)
		ret = kio_ioctl(t->control, SIOCSIFFLAGS, t->ifname, &ifr);
	return ret < 0 ? tap_set_failed(port, "state to up", ret) : 0;
}

static int tap_open_queues(struct vnf_port *port)
{
	for (uint16_t i = 0; i < port->n_queues; i++) {
		struct tap_queue *q = port->queue[i];
		int ret;

		q->fd = tap_device_open(port);
		if (q->fd < 0)
			return q->fd;
		ret = tap_attach(port, q->fd);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Whatever its name is by now. */
static int tap_dropped(const struct tap *t, uint64_t *dropped)
{
	struct ifreq ifr = { .ifr_ifindex = t->ifindex };

	if (t->stats < 0)
		return -ENOENT;
	if (ioctl(t->control, SIOCGIFNAME, &ifr) < 0)
		return -errno;
	return link_stats_tx_dropped(t->stats, ifr.ifr_name, dropped);
}

/* An interface that was there before has a history. */
static void tap_open_stats(const struct vnf_port *port)
{
	struct tap *t = port->priv;
	struct ifreq ifr;

	t->stats = link_stats_open();
	if (t->stats < 0)
		vnf_warning("port \"%s\": frames that the kernel drops are not counted: "
			    "/proc/thread-self/net/dev: %s",
			    port->name, strerror(-t->stats));
	if (kio_ioctl(t->control, SIOCGIFINDEX, t->ifname, &ifr) == 0)
		t->ifindex = ifr.ifr_ifindex;
	tap_dropped(t, &t->missed_before);
}

static int tap_open_inside(void *arg)
{
	struct tap_visit *v = arg;
	struct tap *t = v->port->priv;
	int ret;

	v->inside = true;
	t->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t->control < 0) {
		ret = -errno;
		vnf_error("port \"%s\": cannot make a socket: %s", v->port->name, strerror(-ret));
		return ret;
	}
	ret = tap_open_queues(v->port);
	if (ret == 0)
		tap_open_stats(v->port);
	if (ret == 0)
		ret = tap_set_mtu(v->port);
	if (ret == 0)
		ret = tap_set_mac(v->port);
	return ret;
}

static int tap_alloc(struct vnf_port *port)
{
	struct tap *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	t->control = -1;
	t->stats = -1;
	strncpy(t->ifname, kio_ifname(port->spec), sizeof(t->ifname) - 1);
	port->priv = t;
	for (uint16_t i = 0; i < port->n_queues; i++) {
		struct tap_queue *q =
			rte_zmalloc_socket("tap", sizeof(*q), RTE_CACHE_LINE_SIZE, port->socket_id);

		if (q == NULL)
			return -ENOMEM;
		q->fd = -1;
		q->pool = port->pool;
		q->limits = kio_limits_of(port);
		port->queue[i] = q;
	}
	return 0;
}

static void tap_close(struct vnf_port *port)
{
	struct tap *t = port->priv;

	for (uint16_t i = 0; i < port->n_queues; i++) {
		struct tap_queue *q = port->queue[i];

		if (q == NULL)
			continue;
		kio_slot_clear(&q->slot);
		if (q->fd >= 0)
			close(q->fd);
		rte_free(q);
		port->queue[i] = NULL;
	}
	if (t != NULL && t->control >= 0)
		close(t->control);
	if (t != NULL && t->stats >= 0)
		close(t->stats);
	free(t);
	port->priv = NULL;
}

static int tap_open(struct vnf_port *port)
{
	const struct tap_spec *s = port->spec->kind_spec;
	struct tap_visit v = { .port = port };
	int ret;

	ret = kio_room_check(port);
	if (ret < 0)
		return ret;
	ret = tap_alloc(port);
	if (ret < 0) {
		vnf_error("port \"%s\": no memory for its queues; raise the key memory",
			  port->name);
		goto fail;
	}
	ret = netns_identify(s->kio.netns, &((struct tap *)port->priv)->netns);
	if (ret == 0)
		ret = vnf_netns_run(s->kio.netns, tap_open_inside, &v);
	if (ret < 0) {
		if (!v.inside)
			kio_netns_failed(port, ret);
		goto fail;
	}
	vnf_port_set_takes(port, kio_takes(&((struct tap_queue *)port->queue[0])->limits));
	port->rx = tap_rx;
	port->tx = tap_tx;
	port->tx_copy = tap_tx_copy;
	return 0;
fail:
	tap_close(port);
	return ret;
}

/* ---- control ---- */

/* poll() on a tap says it all, in whatever namespace the interface may be by now: an error when it
 * is gone, writable only when it is up.
 */
static bool tap_link(const struct vnf_port *port, const char **gone)
{
	const struct tap_spec *s = port->spec->kind_spec;
	const struct tap *t = port->priv;
	const struct tap_queue *q = port->queue[0];
	struct pollfd p = { .fd = q->fd, .events = POLLOUT };

	*gone = NULL;
	if (poll(&p, 1, 0) < 0)
		return vnf_port_is_up(port);
	if ((p.revents & (POLLERR | POLLNVAL)) != 0)
		*gone = "interface was deleted";
	else if (!netns_is(s->kio.netns, &t->netns))
		*gone = "network namespace was removed";
	return *gone == NULL && (p.revents & POLLOUT) != 0;
}

static void tap_poll_missed(struct tap *t)
{
	uint64_t dropped = 0;

	if (tap_dropped(t, &dropped) == 0)
		__atomic_store_n(&t->missed, dropped - t->missed_before, __ATOMIC_RELAXED);
}

static void tap_poll(struct vnf_port *port)
{
	struct tap *t = port->priv;
	const char *gone;
	bool up = tap_link(port, &gone);

	if (gone != NULL && !t->gone)
		vnf_warning("port \"%s\": its %s (%s); it stays down until the program is started "
			    "again",
			    port->name, gone, t->ifname);
	t->gone = gone != NULL;
	if (up != vnf_port_is_up(port))
		vnf_port_set_up(port, up);
	tap_poll_missed(t);
}

static int tap_start(struct vnf_port *port)
{
	int ret = tap_set_up(port);

	if (ret == 0)
		tap_poll(port);
	return ret;
}

static void tap_stop(struct vnf_port *port)
{
	vnf_port_set_up(port, false);
	tap_poll_missed(port->priv);
}

static void tap_missed(const struct vnf_port *port, struct vnf_port_missed *missed)
{
	const struct tap *t = port->priv;

	if (t != NULL)
		missed->rx_missed += __atomic_load_n(&t->missed, __ATOMIC_RELAXED);
	for (uint16_t i = 0; i < port->n_queues; i++) {
		const struct tap_queue *q = port->queue[i];

		if (q == NULL)
			continue;
		missed->rx_errors += __atomic_load_n(&q->errors, __ATOMIC_RELAXED);
		missed->rx_nombuf += __atomic_load_n(&q->nombuf, __ATOMIC_RELAXED);
	}
}

static void tap_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	snprintf(path->rx, sizeof(path->rx), "readv(), a system call a frame, %u queue%s",
		 port->n_queues, port->n_queues == 1 ? "" : "s");
	snprintf(path->tx, sizeof(path->tx), "writev(), a system call a frame");
	snprintf(path->why, sizeof(path->why), "/dev/net/tun knows no bursts; %s",
		 kio_offloads_words(port));
}

const struct vnf_port_kind vnf_port_kind_tap = {
	.name = "tap",
	.doc = "an interface of this machine's kernel, in any network namespace",
	.keys = tap_keys,
	.spec_size = sizeof(struct tap_spec),
	.queues_max = VNF_QUEUES_MAX,
	.check = tap_check,
	.claims = tap_claims,
	.need = tap_need,
	.open = tap_open,
	.start = tap_start,
	.poll = tap_poll,
	.missed = tap_missed,
	.explain = tap_explain,
	.stop = tap_stop,
	.close = tap_close,
};
