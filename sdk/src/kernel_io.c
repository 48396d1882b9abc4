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

#include "tx_finish.h"

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

int kio_room_check(const struct vnf_port *port)
{
	uint32_t room = rte_pktmbuf_data_room_size(port->pool);

	if (kio_segs(room, kio_frame_max(port)) <= KIO_SEGS_MAX)
		return 0;
	vnf_error("port \"%s\": an MTU of %u takes more than %d packet buffers of %u bytes; "
		  "set a smaller mtu",
		  port->name, port->mtu, KIO_SEGS_MAX, room);
	return -EINVAL;
}

int kio_ioctl(int fd, unsigned long request, const char *ifname, struct ifreq *ifr)
{
	strncpy(ifr->ifr_name, ifname, IFNAMSIZ - 1);
	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	return ioctl(fd, request, ifr) < 0 ? -errno : 0;
}

static void slot_add(struct kio_slot *slot, struct rte_mbuf *seg)
{
	slot->iov[slot->n_iov].iov_base = rte_pktmbuf_mtod(seg, void *);
	slot->iov[slot->n_iov].iov_len = rte_pktmbuf_tailroom(seg);
	slot->n_iov++;
}

int kio_slot_fill(struct kio_slot *slot, struct rte_mempool *pool, uint32_t frame_max)
{
	uint32_t need = slot_bytes(frame_max), room;
	struct rte_mbuf *seg;

	if (slot->pkt != NULL)
		return 0;
	slot->pkt = rte_pktmbuf_alloc(pool);
	if (unlikely(slot->pkt == NULL))
		return -ENOMEM;
	slot->iov[0] = (struct iovec){ .iov_base = &slot->hdr, .iov_len = sizeof(slot->hdr) };
	slot->n_iov = 1;
	slot_add(slot, slot->pkt);
	seg = slot->pkt;
	for (room = rte_pktmbuf_tailroom(seg); unlikely(room < need);
	     room += rte_pktmbuf_tailroom(seg)) {
		seg->next = rte_pktmbuf_alloc(pool);
		if (seg->next == NULL || slot->n_iov == KIO_IOV_MAX) {
			kio_slot_clear(slot);
			return -ENOMEM;
		}
		seg = seg->next;
		seg->data_off = 0; /* headroom is wanted in front of the packet only */
		slot->pkt->nb_segs++;
		slot_add(slot, seg);
	}
	return 0;
}

void kio_slot_clear(struct kio_slot *slot)
{
	rte_pktmbuf_free(slot->pkt);
	slot->pkt = NULL;
}

/* Give the mbufs their share of `n` octets, and those without any back to the pool. */
static void chain_cut(struct rte_mbuf *pkt, uint32_t n)
{
	struct rte_mbuf *seg = pkt;

	pkt->pkt_len = n;
	pkt->nb_segs = 1;
	for (;;) {
		seg->data_len = (uint16_t)RTE_MIN(n, (uint32_t)rte_pktmbuf_tailroom(seg));
		n -= seg->data_len;
		if (n == 0)
			break;
		seg = seg->next;
		pkt->nb_segs++;
	}
	rte_pktmbuf_free(seg->next);
	seg->next = NULL;
}

struct rte_mbuf *kio_slot_take(struct kio_slot *slot, size_t n, uint32_t frame_max)
{
	struct rte_mbuf *pkt = slot->pkt;

	if (unlikely(n < sizeof(slot->hdr) + RTE_ETHER_HDR_LEN ||
		     n > sizeof(slot->hdr) + frame_max || vnet_hdr_is_gso(&slot->hdr)))
		return NULL;
	slot->pkt = NULL;
	chain_cut(pkt, (uint32_t)(n - sizeof(slot->hdr)));
	if (unlikely(vnet_hdr_complete(&slot->hdr, pkt) < 0)) {
		rte_pktmbuf_free(pkt);
		return NULL;
	}
	return pkt;
}

/* Octets of a plain IP header, by which vnet_hdr_make() finds layer 4 and the pseudo header; 0: the
 * packet does not say that it has one.
 */
static uint32_t plain_octets(const struct rte_mbuf *pkt)
{
	if ((pkt->ol_flags & RTE_MBUF_F_TX_IPV4) != 0)
		return sizeof(struct rte_ipv4_hdr);
	return (pkt->ol_flags & RTE_MBUF_F_TX_IPV6) != 0 ? sizeof(struct rte_ipv6_hdr) : 0;
}

/* Does the frame end where its IP packet does? The kernel sums up to the end of the frame. */
static bool is_unpadded(const struct rte_mbuf *pkt)
{
	const uint8_t *l3 = rte_pktmbuf_mtod_offset(pkt, const uint8_t *, pkt->l2_len);
	uint32_t octets = pkt->pkt_len - pkt->l2_len;

	if ((pkt->ol_flags & RTE_MBUF_F_TX_IPV4) != 0)
		return octets == ((uint32_t)l3[2] << 8 | l3[3]);
	return octets == sizeof(struct rte_ipv6_hdr) + ((uint32_t)l3[4] << 8 | l3[5]);
}

/* What the kernel would not complete by the header before the frame: all but TCP and UDP over plain
 * IP that a VNF left open and described.
 */
static bool kernel_cannot(const struct rte_mbuf *pkt)
{
	uint64_t l4 = pkt->ol_flags & RTE_MBUF_F_TX_L4_MASK;
	uint32_t octets = plain_octets(pkt);

	if ((pkt->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0)
		return false; /* nor can anybody else here */
	if (l4 == 0)
		return vnf_sum_is_partial(pkt);
	return l4 == RTE_MBUF_F_TX_SCTP_CKSUM || octets == 0 || pkt->l3_len != octets ||
	       pkt->l2_len + octets > pkt->data_len || !is_unpadded(pkt);
}

bool kio_tx_prepare(struct rte_mbuf *pkt, uint32_t frame_max, struct virtio_net_hdr *hdr,
		    uint32_t *reason)
{
	int ret;

	*reason = VNF_DROP_MALFORMED;
	if (unlikely(pkt->pkt_len < RTE_ETHER_HDR_LEN))
		return false;
	*reason = VNF_DROP_TOO_LONG;
	if (unlikely(pkt->pkt_len > frame_max || pkt->nb_segs > KIO_SEGS_MAX))
		return false;
	*reason = VNF_DROP_UNSUPPORTED_OFFLOAD;
	if (unlikely(kernel_cannot(pkt) && !tx_finish(pkt, reason)))
		return false;
	ret = vnet_hdr_make(hdr, pkt);
	*reason = ret == -EOPNOTSUPP ? VNF_DROP_UNSUPPORTED_OFFLOAD : VNF_DROP_MALFORMED;
	return ret == 0;
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
