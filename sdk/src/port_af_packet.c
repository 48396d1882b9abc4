/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kind "af_packet": takes over an interface that exists, in any network namespace, with packet
 * sockets (packet(7)). DPDK's net_af_packet would not do: it knows no namespaces and no struct
 * virtio_net_hdr, so that checksums which a veth peer left open would stay open.
 *
 * A system call moves a burst. Each queue is a socket; several form a fanout group by flow hash.
 * The kernel takes a VLAN tag out of the frame before we see it: it is put back. When the interface
 * goes and one of its name comes, the control thread binds new sockets and puts them in the place
 * of the old ones (dup3(2)), under the same descriptors that the workers use.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <rte_malloc.h>

#include <vnf/log.h>

#include "kernel_io.h"
#include "pace.h"
#include "packet_socket.h"
#include "port_kinds.h"
#include "vnf_priv.h"

#define BURST VNF_BURST_MAX
#define REOPEN_NS 1000000000ull
#define GSO_HINT_NS 60000000000ull

/* Room for the one control message that we ask for. */
union aux {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

struct af_packet_queue {
	int fd;
	struct kio_limits limits;
	struct rte_mempool *pool;
	struct gap gap;
	uint64_t errors;
	uint64_t gso;
	uint64_t nombuf;
	uint64_t missed; /* written by the control thread */
	struct kio_slot slots[BURST];
	union aux aux[BURST];
	struct mmsghdr rx[BURST];
	struct virtio_net_hdr tx_hdr[BURST];
	struct iovec tx_iov[BURST][KIO_IOV_MAX];
	struct mmsghdr tx[BURST];
};

/* Belongs to the control thread. */
struct af_packet {
	int ifindex;
	bool gone; /* said so already */
	struct netns_id netns;
	uint64_t next_reopen; /* time */
	uint64_t next_hint;   /* time */
	uint64_t gso_seen;
	struct vnf_log_limit limit; /* of what the interface's owner can cause */
};

/* What the thread inside the namespace works on: new sockets. */
struct af_packet_visit {
	const struct vnf_port *port;
	bool inside;
	bool quiet; /* of a vanished interface nothing is said again */
	int ifindex;
	int fds[VNF_QUEUES_MAX];
};

static const struct vnf_config_key af_packet_keys[] = {
	{ .name = "ifname",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct kio_spec, ifname),
	  .doc = "Name of the interface, which must exist; by default that of the port." },
	{ .name = "netns",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct kio_spec, netns),
	  .doc = "Network namespace it is in: a name as of \"ip netns\" or an absolute path; by "
		 "default the one the program runs in." },
	VNF_OFFLOADS_KEY(struct kio_spec, offloads, "none"),
	{ .name = NULL },
};

static void af_packet_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	/* The pool's buffers hold a frame each; two where the odd octet does not fit. */
	need->mbufs += port->n_queues * BURST * 2 + 2 * kio_tso_mbufs(port);
	need->bytes += port->n_queues * sizeof(struct af_packet_queue);
}

static inline void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* ---- data path ---- */

/* The tag that the kernel took out; NULL if there was none. */
static const struct tpacket_auxdata *aux_vlan(struct msghdr *msg)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	const struct tpacket_auxdata *aux;

	if (c == NULL || c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
		return NULL;
	aux = (const struct tpacket_auxdata *)CMSG_DATA(c);
	return (aux->tp_status & TP_STATUS_VLAN_VALID) != 0 ? aux : NULL;
}

static int vlan_restore(struct rte_mbuf *pkt, const struct tpacket_auxdata *aux)
{
	uint16_t tpid = ETHERTYPE_VLAN;
	rte_be16_t tag[2];
	char *p;

	if (pkt->data_len < 2 * RTE_ETHER_ADDR_LEN)
		return -EBADMSG;
	p = rte_pktmbuf_prepend(pkt, sizeof(tag));
	if (p == NULL)
		return -EBADMSG;
	if ((aux->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0)
		tpid = aux->tp_vlan_tpid;
	tag[0] = rte_cpu_to_be_16(tpid);
	tag[1] = rte_cpu_to_be_16(aux->tp_vlan_tci);
	memmove(p, p + sizeof(tag), 2 * RTE_ETHER_ADDR_LEN);
	memcpy(p + 2 * RTE_ETHER_ADDR_LEN, tag, sizeof(tag));
	return 0;
}

static struct rte_mbuf *frame_take(struct af_packet_queue *q, uint16_t i)
{
	struct kio_slot *slot = &q->slots[i];
	struct msghdr *msg = &q->rx[i].msg_hdr;
	const struct tpacket_auxdata *vlan;
	struct rte_mbuf *pkt;

	if (unlikely(vnet_hdr_is_gso(&slot->hdr) && q->limits.offloads != VNF_OFFLOADS_TSO)) {
		count(&q->gso, 1);
		return NULL;
	}
	pkt = (msg->msg_flags & MSG_TRUNC) != 0 ? NULL
						: kio_slot_take(slot, q->rx[i].msg_len, &q->limits);
	if (unlikely(pkt == NULL)) {
		count(&q->errors, 1);
		return NULL;
	}
	vlan = aux_vlan(msg);
	if (vlan != NULL && vlan_restore(pkt, vlan) < 0) {
		count(&q->errors, 1);
		rte_pktmbuf_free(pkt);
		return NULL;
	}
	return pkt;
}

/* Make up to `n` slots ready; returns how many are. */
static uint16_t slots_fill(struct af_packet_queue *q, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct msghdr *msg = &q->rx[i].msg_hdr;

		if (unlikely(kio_slot_fill(&q->slots[i], q->pool, q->limits.rx_max) < 0)) {
			count(&q->nombuf, 1);
			return i;
		}
		msg->msg_iovlen = (size_t)q->slots[i].n_iov;
		msg->msg_controllen = sizeof(q->aux[i]);
		msg->msg_flags = 0;
	}
	return n;
}

static uint16_t af_packet_rx(void *queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct af_packet_queue *q = queue;
	uint64_t now = vnf_clock_now();
	uint16_t got = 0;
	int frames = -1;

	if (gap_lasts(&q->gap, now))
		return 0;
	n = slots_fill(q, RTE_MIN(n, (uint16_t)BURST));
	errno = 0;
	if (likely(n > 0))
		frames = recvmmsg(q->fd, q->rx, n, MSG_DONTWAIT, NULL);
	if (frames <= 0) {
		/* Before Linux 6.2 the header cannot express UDP segmentation: such frames are
		 * taken from the socket and refused.
		 */
		if (frames < 0 && errno == EINVAL)
			count(&q->gso, 1);
		gap_begin(&q->gap, now);
		return 0;
	}
	for (int i = 0; i < frames; i++) {
		pkts[got] = frame_take(q, (uint16_t)i);
		if (likely(pkts[got] != NULL))
			got++;
	}
	return got;
}

/* Hand a row of prepared packets to the kernel. Returns how many are dealt with; fewer than `n`
 * when the socket is full.
 */
static uint16_t row_send(struct af_packet_queue *q, struct rte_mbuf **pkts, uint16_t n,
			 struct vnf_port_counters *counters)
{
	uint16_t done = 0;

	while (done < n) {
		int sent = sendmmsg(q->fd, &q->tx[done], n - done, MSG_DONTWAIT);
		enum vnf_drop_reason reason;

		if (sent > 0) {
			vnf_count_tx(counters, &pkts[done], (uint16_t)sent);
			done += (uint16_t)sent;
			continue;
		}
		reason = kio_tx_reason(errno);
		if (reason == VNF_DROP_TX_FULL)
			break;
		if (reason == VNF_DROP_PORT_DOWN) {
			/* Nor will it take the rest: save the system calls. */
			vnf_port_drop(counters, &pkts[done], n - done, reason);
			return n;
		}
		vnf_port_drop(counters, &pkts[done], 1, reason);
		done++;
	}
	return done;
}

/* Prepare packets up to the first that has to be dropped. */
static uint16_t row_prepare(struct af_packet_queue *q, struct rte_mbuf **pkts, uint16_t n,
			    uint32_t *reason)
{
	n = RTE_MIN(n, (uint16_t)BURST);
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!kio_tx_prepare(pkts[i], &q->limits, &q->tx_hdr[i], reason)))
			return i;
		q->tx[i].msg_hdr.msg_iovlen =
			(size_t)kio_tx_iov(pkts[i], &q->tx_hdr[i], q->tx_iov[i]);
	}
	*reason = VNF_DROPS_MAX;
	return n;
}

static uint16_t af_packet_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
				  struct vnf_port_counters *counters)
{
	struct af_packet_queue *q = queue;
	uint16_t done = 0;

	while (done < n) {
		uint32_t reason;
		uint16_t row = row_prepare(q, &pkts[done], n - done, &reason);
		uint16_t sent = row_send(q, &pkts[done], row, counters);

		done += sent;
		if (sent < row)
			break;
		if (unlikely(reason != VNF_DROPS_MAX)) {
			vnf_port_drop(counters, &pkts[done], 1, reason);
			done++;
		}
	}
	return done;
}

static uint16_t af_packet_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
			     struct vnf_port_counters *counters)
{
	n = af_packet_tx_copy(queue, pkts, n, counters);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* ---- sockets ---- */

static int interface_find(struct af_packet_visit *v)
{
	const char *ifname = kio_ifname(v->port->spec);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_ifindex = 0 };
	int ret = fd < 0 ? -errno : kio_ioctl(fd, SIOCGIFINDEX, ifname, &ifr);

	if (ret == 0) {
		v->ifindex = ifr.ifr_ifindex;
		ret = kio_ioctl(fd, SIOCGIFMTU, ifname, &ifr);
	}
	if (fd >= 0)
		close(fd);
	if (ret < 0 && !v->quiet)
		vnf_error("port \"%s\": interface %s: %s; make it first, or set ifname and netns",
			  v->port->name, ifname, strerror(-ret));
	if (ret == 0 && ifr.ifr_mtu > v->port->mtu)
		vnf_warning("port \"%s\": interface %s has an MTU of %d, the port %u: longer "
			    "frames are dropped; set mtu = %d%s",
			    v->port->name, ifname, ifr.ifr_mtu, v->port->mtu,
			    RTE_MIN(ifr.ifr_mtu, VNF_MTU_MAX),
			    ifr.ifr_mtu > VNF_MTU_MAX ? " and that of the interface too" : "");
	return ret;
}

static int sockets_open_inside(void *arg)
{
	struct af_packet_visit *v = arg;
	int ret;

	v->inside = true;
	ret = interface_find(v);
	for (uint16_t i = 0; i < v->port->n_queues && ret == 0; i++)
		ret = packet_socket_open(v->port, v->ifindex, v->fds[0], &v->fds[i]);
	return ret;
}

static void visit_close(struct af_packet_visit *v)
{
	for (uint16_t i = 0; i < v->port->n_queues; i++)
		if (v->fds[i] >= 0)
			close(v->fds[i]);
}

/* New sockets in v->fds, or none. */
static int sockets_open(struct vnf_port *port, struct af_packet_visit *v)
{
	const struct kio_spec *s = port->spec->kind_spec;
	struct af_packet *a = port->priv;
	struct netns_id id;
	int ret;

	for (uint16_t i = 0; i < VNF_QUEUES_MAX; i++)
		v->fds[i] = -1;
	ret = netns_identify(s->netns, &id);
	if (ret == 0)
		ret = vnf_netns_run(s->netns, sockets_open_inside, v);
	if (ret < 0) {
		visit_close(v);
		return ret;
	}
	a->netns = id;
	a->ifindex = v->ifindex;
	return 0;
}

/* ---- open and close ---- */

static void queue_init(struct af_packet_queue *q, const struct vnf_port *port)
{
	q->fd = -1;
	q->pool = port->pool;
	q->limits = kio_limits_of(port);
	for (unsigned int i = 0; i < BURST; i++) {
		q->rx[i].msg_hdr.msg_iov = q->slots[i].iov;
		q->rx[i].msg_hdr.msg_control = &q->aux[i];
		q->tx[i].msg_hdr.msg_iov = q->tx_iov[i];
	}
}

static int af_packet_alloc(struct vnf_port *port)
{
	port->priv = calloc(1, sizeof(struct af_packet));
	if (port->priv == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < port->n_queues; i++) {
		port->queue[i] = rte_zmalloc_socket("af_packet", sizeof(struct af_packet_queue),
						    RTE_CACHE_LINE_SIZE, port->socket_id);
		if (port->queue[i] == NULL)
			return -ENOMEM;
		queue_init(port->queue[i], port);
	}
	return 0;
}

static void af_packet_close(struct vnf_port *port)
{
	for (uint16_t i = 0; i < port->n_queues; i++) {
		struct af_packet_queue *q = port->queue[i];

		if (q == NULL)
			continue;
		for (unsigned int k = 0; k < BURST; k++)
			kio_slot_clear(&q->slots[k]);
		if (q->fd >= 0)
			close(q->fd);
		rte_free(q);
		port->queue[i] = NULL;
	}
	free(port->priv);
	port->priv = NULL;
}

static int af_packet_open(struct vnf_port *port)
{
	struct af_packet_visit v = { .port = port };
	int ret;

	ret = kio_room_check(port);
	if (ret < 0)
		return ret;
	ret = af_packet_alloc(port);
	if (ret < 0) {
		vnf_error("port \"%s\": no memory for its queues; raise the key memory",
			  port->name);
		goto fail;
	}
	ret = sockets_open(port, &v);
	if (ret < 0) {
		if (!v.inside)
			kio_netns_failed(port, ret);
		goto fail;
	}
	for (uint16_t i = 0; i < port->n_queues; i++)
		((struct af_packet_queue *)port->queue[i])->fd = v.fds[i];
	vnf_port_set_takes(port, kio_takes(&((struct af_packet_queue *)port->queue[0])->limits));
	port->rx = af_packet_rx;
	port->tx = af_packet_tx;
	port->tx_copy = af_packet_tx_copy;
	return 0;
fail:
	af_packet_close(port);
	return ret;
}

/* ---- control ---- */

/* The new sockets take the place of the old ones while workers may be using these. */
static bool af_packet_reopen(struct vnf_port *port)
{
	struct af_packet_visit v = { .port = port, .quiet = true };
	struct af_packet *a = port->priv;
	uint64_t now = vnf_clock_now();

	if (now < a->next_reopen)
		return false;
	a->next_reopen = now + REOPEN_NS;
	if (sockets_open(port, &v) < 0)
		return false;
	for (uint16_t i = 0; i < port->n_queues; i++) {
		const struct af_packet_queue *q = port->queue[i];

		if (dup3(v.fds[i], q->fd, O_CLOEXEC) < 0)
			vnf_error("port \"%s\": queue %u: cannot replace its socket: %s",
				  port->name, i, strerror(errno));
	}
	visit_close(&v);
	vnf_log_limited(&a->limit, VNF_LOG_NOTICE, "port \"%s\": interface %s is back", port->name,
			kio_ifname(port->spec));
	return true;
}

/* Is the interface that the sockets are bound to still there, and does its link stand? */
static bool interface_alive(const struct vnf_port *port, bool *running)
{
	const struct kio_spec *s = port->spec->kind_spec;
	const struct af_packet_queue *q = port->queue[0];
	const struct af_packet *a = port->priv;
	struct ifreq ifr;

	*running = false;
	if (!netns_is(s->netns, &a->netns) ||
	    kio_ioctl(q->fd, SIOCGIFINDEX, kio_ifname(port->spec), &ifr) < 0 ||
	    ifr.ifr_ifindex != a->ifindex ||
	    kio_ioctl(q->fd, SIOCGIFFLAGS, kio_ifname(port->spec), &ifr) < 0)
		return false;
	*running = (ifr.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING);
	return true;
}

static void link_poll(struct vnf_port *port)
{
	struct af_packet *a = port->priv;
	bool up, alive = interface_alive(port, &up);

	if (!alive && !a->gone)
		vnf_log_limited(&a->limit, VNF_LOG_WARNING,
				"port \"%s\": interface %s has gone; waiting for it to come back",
				port->name, kio_ifname(port->spec));
	if (!alive && af_packet_reopen(port))
		alive = interface_alive(port, &up);
	a->gone = !alive;
	if (up != vnf_port_is_up(port))
		vnf_port_set_up(port, up);
}

/* Reading the kernel's count clears it. */
static void missed_poll(struct vnf_port *port)
{
	for (uint16_t i = 0; i < port->n_queues; i++) {
		struct af_packet_queue *q = port->queue[i];
		struct tpacket_stats st;
		socklen_t size = sizeof(st);

		if (getsockopt(q->fd, SOL_PACKET, PACKET_STATISTICS, &st, &size) == 0)
			count(&q->missed, st.tp_drops);
	}
}

static uint64_t gso_frames(const struct vnf_port *port)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < port->n_queues; i++) {
		const struct af_packet_queue *q = port->queue[i];

		n += __atomic_load_n(&q->gso, __ATOMIC_RELAXED);
	}
	return n;
}

static void gso_poll(const struct vnf_port *port)
{
	struct af_packet *a = port->priv;
	uint64_t n = gso_frames(port), now = vnf_clock_now();

	if (n == a->gso_seen || now < a->next_hint)
		return;
	vnf_warning("port \"%s\": %lu frames were dropped that still had to be cut into segments; "
		    "set offloads = \"tso\", or turn off segmentation on the peer: ethtool -K PEER "
		    "tso off gso off (and ethtool -K %s gro off)",
		    port->name, (unsigned long)(n - a->gso_seen), kio_ifname(port->spec));
	a->gso_seen = n;
	a->next_hint = now + GSO_HINT_NS;
}

static void af_packet_poll(struct vnf_port *port)
{
	link_poll(port);
	missed_poll(port);
	gso_poll(port);
}

static int af_packet_start(struct vnf_port *port)
{
	link_poll(port);
	return 0;
}

static void af_packet_stop(struct vnf_port *port)
{
	vnf_port_set_up(port, false);
}

static void af_packet_missed(const struct vnf_port *port, struct vnf_port_missed *missed)
{
	for (uint16_t i = 0; i < port->n_queues; i++) {
		const struct af_packet_queue *q = port->queue[i];

		if (q == NULL)
			continue;
		missed->rx_missed += __atomic_load_n(&q->missed, __ATOMIC_RELAXED);
		missed->rx_errors += __atomic_load_n(&q->errors, __ATOMIC_RELAXED);
		missed->rx_errors += __atomic_load_n(&q->gso, __ATOMIC_RELAXED);
		missed->rx_nombuf += __atomic_load_n(&q->nombuf, __ATOMIC_RELAXED);
	}
}

static void af_packet_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	snprintf(path->rx, sizeof(path->rx),
		 "recvmmsg(), up to %u frames a system call, %u socket%s", BURST, port->n_queues,
		 port->n_queues == 1 ? "" : "s by flow hash");
	snprintf(path->tx, sizeof(path->tx), "sendmmsg(), up to %u frames a system call", BURST);
	snprintf(path->why, sizeof(path->why),
		 "straight into packet buffers, no mapped ring (TPACKET); %s",
		 kio_offloads_words(port));
}

const struct vnf_port_kind vnf_port_kind_af_packet = {
	.name = "af_packet",
	.doc = "an interface that exists, in any network namespace, by packet sockets",
	.keys = af_packet_keys,
	.spec_size = sizeof(struct kio_spec),
	.queues_max = VNF_QUEUES_MAX,
	.check = kio_check,
	.need = af_packet_need,
	.open = af_packet_open,
	.start = af_packet_start,
	.poll = af_packet_poll,
	.missed = af_packet_missed,
	.explain = af_packet_explain,
	.stop = af_packet_stop,
	.close = af_packet_close,
};
