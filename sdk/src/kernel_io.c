/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See kernel_io.h.
 */
#include "kernel_io.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <vnf/log.h>
#include <vnf/vnf.h>

/* Of 64 KiB in the least buffers that there are. */
#define TSO_MBUFS 31

const char *kio_ifname(const struct vnf_port_spec *spec)
{
	const struct kio_spec *s = spec->kind_spec;

	return s->ifname[0] != '\0' ? s->ifname : spec->name;
}

/* As the kernel has it (dev_valid_name), and without its pattern "tap%d". */
static bool ifname_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name != '\0'; name++)
		if (strchr("/:%", *name) != NULL || isspace((unsigned char)*name))
			return false;
	return true;
}

void kio_check(struct vnf_config *file, const struct vnf_port_spec *spec)
{
	const struct kio_spec *s = spec->kind_spec;
	const char *ifname = kio_ifname(spec);

	if (!ifname_valid(ifname))
		vnf_config_error(file, ifname == spec->name ? (const void *)spec : &s->ifname,
				 "\"%s\" cannot be the name of a kernel interface: 1 to %d "
				 "characters, none of them a space, /, : or %%; set ifname",
				 ifname, IFNAMSIZ - 1);
	if (!netns_name_valid(s->netns))
		vnf_config_error(file, &s->netns,
				 "\"%s\" is neither a name as of \"ip netns\" nor "
				 "an absolute path",
				 s->netns);
}

void kio_netns_failed(const struct vnf_port *port, int error)
{
	const struct kio_spec *s = port->spec->kind_spec;
	const char *hint = "";

	if (error == -ENOENT)
		hint = s->netns[0] == '/' ? "; the process it belongs to may have ended"
					  : "; make it first with ip netns add";
	else if (error == -EPERM || error == -EACCES)
		hint = "; run as root, or in the user namespace that owns it";
	else if (error == -EINVAL)
		hint = "; that is not a network namespace";
	vnf_error("port \"%s\": cannot enter network namespace %s: %s%s", port->name, s->netns,
		  strerror(-error), hint);
}

/* One octet more than a frame: what fills that was longer. */
static uint32_t slot_bytes(uint32_t frame_max)
{
	return frame_max + 1;
}

uint32_t kio_segs(uint32_t data_room, uint32_t frame_max)
{
	uint32_t rest = slot_bytes(frame_max);
	uint32_t first;

	if (data_room <= RTE_PKTMBUF_HEADROOM)
		return KIO_SEGS_MAX + 1;
	first = data_room - RTE_PKTMBUF_HEADROOM;
	if (rest <= first)
		return 1;
	rest = 1 + (rest - first + data_room - 1) / data_room;
	return RTE_MIN(rest, (uint32_t)KIO_SEGS_MAX + 1);
}

struct kio_limits kio_limits_of(const struct vnf_port *port)
{
	const struct kio_spec *s = port->spec->kind_spec;
	struct kio_limits limits = { .frame_max = port->mtu + VNF_FRAME_OVERHEAD,
				     .offloads = s->offloads };

	limits.rx_max = s->offloads == VNF_OFFLOADS_TSO ? VNF_TSO_FRAME_MAX : limits.frame_max;
	return limits;
}

uint32_t kio_takes(const struct kio_limits *limits)
{
	switch (limits->offloads) {
	case VNF_OFFLOADS_TSO:
		return VNF_TAKES_CHECKSUM | VNF_TAKES_TSO4 | VNF_TAKES_TSO6;
	case VNF_OFFLOADS_CHECKSUM:
		return VNF_TAKES_CHECKSUM;
	default:
		return 0;
	}
}

uint32_t kio_tso_mbufs(const struct vnf_port *port)
{
	const struct kio_spec *s = port->spec->kind_spec;

	return s->offloads == VNF_OFFLOADS_TSO ? port->n_queues * VNF_BURST_MAX * TSO_MBUFS : 0;
}

const char *kio_offloads_words(const struct vnf_port *port)
{
	static const char *const words[] = {
		[VNF_OFFLOADS_NONE] = "no offloads",
		[VNF_OFFLOADS_CHECKSUM] = "checksums may be left open",
		[VNF_OFFLOADS_TSO] = "checksums and TCP segmentation may be left open",
	};

	return words[kio_limits_of(port).offloads];
}

int kio_room_check(const struct vnf_port *port)
{
	uint32_t room = rte_pktmbuf_data_room_size(port->pool);
	struct kio_limits limits = kio_limits_of(port);

	if (kio_segs(room, limits.rx_max) <= KIO_SEGS_MAX)
		return 0;
	if (limits.offloads == VNF_OFFLOADS_TSO)
		vnf_error("port \"%s\": frames of 64 KiB take more than %d packet buffers of %u "
			  "bytes; set offloads = \"checksum\", or a greater mtu",
			  port->name, KIO_SEGS_MAX, room);
	else
		vnf_error("port \"%s\": an MTU of %u takes more than %d packet buffers of %u "
			  "bytes; set a smaller mtu",
			  port->name, port->mtu, KIO_SEGS_MAX, room);
	return -EINVAL;
}

int kio_ioctl(int fd, unsigned long request, const char *ifname, struct ifreq *ifr)
{
	strncpy(ifr->ifr_name, ifname, IFNAMSIZ - 1);
	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	return ioctl(fd, request, ifr) < 0 ? -errno : 0;
}

/* Buffers lie in front of each other as in a packet: headroom is wanted before the first only. */
static int segment_fill(struct kio_slot *slot, struct rte_mempool *pool, uint16_t i)
{
	struct rte_mbuf *seg = rte_pktmbuf_alloc(pool);

	if (unlikely(seg == NULL))
		return -ENOMEM;
	if (i > 0)
		seg->data_off = 0;
	slot->segs[i] = seg;
	slot->iov[1 + i] = (struct iovec){ .iov_base = rte_pktmbuf_mtod(seg, void *),
					   .iov_len = rte_pktmbuf_tailroom(seg) };
	return 0;
}

/* A frame takes buffers from the front, so those that are missing are there. */
int kio_slot_fill(struct kio_slot *slot, struct rte_mempool *pool, uint32_t frame_max)
{
	uint16_t n = slot->n_segs;

	if (unlikely(n == 0))
		n = (uint16_t)kio_segs(rte_pktmbuf_data_room_size(pool), frame_max);
	for (uint16_t i = 0; i < n && (slot->segs[i] == NULL || slot->n_segs == 0); i++)
		if (unlikely(segment_fill(slot, pool, i) < 0)) {
			kio_slot_clear(slot);
			return -ENOMEM;
		}
	slot->iov[0] = (struct iovec){ .iov_base = &slot->hdr, .iov_len = sizeof(slot->hdr) };
	slot->n_segs = n;
	slot->n_iov = 1 + n;
	return 0;
}

void kio_slot_clear(struct kio_slot *slot)
{
	for (uint16_t i = 0; i < KIO_SEGS_MAX; i++) {
		rte_pktmbuf_free(slot->segs[i]);
		slot->segs[i] = NULL;
	}
	slot->n_segs = 0;
}

/* The buffers that `n` octets are in, as a packet. */
static struct rte_mbuf *slot_chain(struct kio_slot *slot, uint32_t n)
{
	struct rte_mbuf *pkt = slot->segs[0], *last = NULL;

	pkt->pkt_len = n;
	pkt->nb_segs = 0;
	for (uint16_t i = 0; last == NULL || n > 0; i++) {
		struct rte_mbuf *seg = slot->segs[i];

		slot->segs[i] = NULL;
		seg->data_len = (uint16_t)RTE_MIN(n, (uint32_t)rte_pktmbuf_tailroom(seg));
		n -= seg->data_len;
		pkt->nb_segs++;
		if (last != NULL)
			last->next = seg;
		last = seg;
	}
	return pkt;
}

struct rte_mbuf *kio_slot_take(struct kio_slot *slot, size_t n, const struct kio_limits *limits)
{
	uint32_t longest = vnet_hdr_is_gso(&slot->hdr) ? limits->rx_max : limits->frame_max;
	struct rte_mbuf *pkt;

	if (unlikely(n < sizeof(slot->hdr) + RTE_ETHER_HDR_LEN || n > sizeof(slot->hdr) + longest))
		return NULL;
	pkt = slot_chain(slot, (uint32_t)(n - sizeof(slot->hdr)));
	if (unlikely(vnet_hdr_read(&slot->hdr, pkt, limits->offloads) < 0)) {
		rte_pktmbuf_free(pkt);
		return NULL;
	}
	return pkt;
}

bool kio_tx_prepare(struct rte_mbuf *pkt, const struct kio_limits *limits,
		    struct virtio_net_hdr *hdr, uint32_t *reason)
{
	bool tso = vnf_is_tso(pkt);

	*reason = VNF_DROP_MALFORMED;
	if (unlikely(pkt->pkt_len < RTE_ETHER_HDR_LEN))
		return false;
	*reason = VNF_DROP_TOO_LONG;
	if (unlikely(pkt->pkt_len > (tso ? VNF_TSO_FRAME_MAX : limits->frame_max) ||
		     pkt->nb_segs > KIO_SEGS_MAX))
		return false;
	*reason = VNF_DROP_UNSUPPORTED_OFFLOAD;
	return vnet_hdr_write(hdr, pkt) == 0;
}

int kio_tx_iov(struct rte_mbuf *pkt, struct virtio_net_hdr *hdr, struct iovec *iov)
{
	int n = 0;

	iov[n++] = (struct iovec){ .iov_base = hdr, .iov_len = sizeof(*hdr) };
	for (struct rte_mbuf *seg = pkt; seg != NULL; seg = seg->next)
		iov[n++] = (struct iovec){ .iov_base = rte_pktmbuf_mtod(seg, void *),
					   .iov_len = seg->data_len };
	return n;
}

enum vnf_drop_reason kio_tx_reason(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
	case ENOBUFS:
		return VNF_DROP_TX_FULL;
	case EBADFD:
	case EIO:
	case ENETDOWN:
	case ENODEV:
	case ENXIO:
		return VNF_DROP_PORT_DOWN;
	case EMSGSIZE:
		return VNF_DROP_TOO_LONG;
	default:
		return VNF_DROP_IO_ERROR;
	}
}
