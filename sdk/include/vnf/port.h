/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 */
#ifndef VNF_PORT_H
#define VNF_PORT_H

/**
 * @file
 * Ports and port kinds: for programs that bring a kind of their own, or own their loop.
 *
 * A kind is a struct vnf_port_kind: the keys of its configuration and the functions that open,
 * start, poll, stop and close a port. The SDK's kinds are virtio-user, virtio, nic, tap, af_packet,
 * pcap, null, gen and sink; a program may add more (struct vnf_program).
 *
 * Life of a port, all on the control thread unless said otherwise:
 *
 *     need -> prepare -> open -> start -> (rx, tx by workers; poll) -> stop -> close -> restore
 *
 * Each of prepare, open and start is undone by its counterpart, also when a later step failed; a
 * function that is not needed may be NULL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_atomic.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include <vnf/config.h>
#include <vnf/counter.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Ports of a program at most. */
#define VNF_PORTS_MAX 256
/** Queue pairs of a port at most (VIRTIO_MAX_VIRTQUEUE_PAIRS of DPDK's virtio driver). */
#define VNF_QUEUES_MAX 8
/** Greatest MTU of a port. */
#define VNF_MTU_MAX 9600
/** Octets of a port's name at most. */
#define VNF_PORT_NAME_MAX 31

struct vnf;
struct vnf_port;
struct vnf_claims;

/**
 * Receive up to `n` packets from a queue.
 *
 * @param queue
 *   vnf_port.queue[i].
 * @param[out] pkts
 *   The packets; they belong to the caller.
 * @param n
 *   1 to VNF_BURST_MAX.
 * @return
 *   Number of packets. The caller counts them.
 *
 * Context: worker, one at a time per queue.
 */
typedef uint16_t (*vnf_port_rx_fn)(void *queue, struct rte_mbuf **pkts, uint16_t n);

/**
 * Send packets.
 *
 * @param queue
 *   vnf_port.queue[i].
 * @param pkts
 *   The packets.
 * @param n
 *   1 to 65,535.
 * @param counters
 *   The calling worker's counters of this port: tx_packets and tx_bytes of what was sent, and drops
 *   of what was refused for good, are counted here by the kind.
 * @return
 *   Packets dealt with, from the front: sent or dropped, no longer the caller's (for
 *   vnf_port.tx_copy they stay the caller's). The rest did not fit now.
 *
 * Context: worker, one at a time per queue.
 */
typedef uint16_t (*vnf_port_tx_fn)(void *queue, struct rte_mbuf **pkts, uint16_t n,
				   struct vnf_port_counters *counters);

/** What every port is configured with; a kind's own keys are in `kind_spec`. */
struct vnf_port_spec {
	const char *name;  /**< Unique in the file. */
	uint32_t kind;     /**< Index into the program's kinds. */
	void *kind_spec;   /**< Structure filled by the kind's keys. */
	uint8_t mac[6];    /**< Own address; zero = derived from program and port name. */
	uint32_t mtu;      /**< Payload of a frame in bytes. */
	uint32_t queues;   /**< Queue pairs; 0 = as many as workers, as far as the kind can. */
	uint64_t tx_wait;  /**< Nanoseconds a full tx queue is waited for; 0 = not at all. */
	const char *after; /**< Name of a port that must be up before this one is opened, or "". */
};

/** What a port takes beside its share of the packet pool's caches. */
struct vnf_port_need {
	uint32_t mbufs; /**< Packets it may hold in its rings. */
	uint64_t bytes; /**< DPDK heap for rings and tables. */
	bool pci;       /**< Needs the PCI bus. */
	bool iova_pa;   /**< The device needs physical addresses. */
	bool shared;    /**< The peer maps our memory (virtio-user). */
};

/** Counts that are outside of the ledger: these packets never reached the program. */
struct vnf_port_missed {
	uint64_t rx_missed; /**< Lost before reception: no room in a ring. */
	uint64_t rx_errors; /**< Damaged, cut short, or of a form that the kind cannot take. */
	uint64_t rx_nombuf; /**< Not received because the packet pool was empty. */
};

/** Octets of each text of struct vnf_port_path, its end included; telemetry takes no more. */
#define VNF_PATH_TEXT 128

/**
 * Which way packets take through a port: what its driver chose, why, and what would change it.
 * Each is a phrase without a full stop; `why` and `change` may be empty.
 */
struct vnf_port_path {
	char rx[VNF_PATH_TEXT];     /**< How packets are received; "" = never. */
	char tx[VNF_PATH_TEXT];     /**< How packets are sent; "" = never. */
	char why[VNF_PATH_TEXT];    /**< Why so. */
	char change[VNF_PATH_TEXT]; /**< A line of the configuration and its effect; "" = none. */
};

/** What may be left to do between a port and its peer, in both directions. */
enum vnf_offloads {
	VNF_OFFLOADS_NONE,     /**< Nothing: checksums are complete, frames fit the MTU. */
	VNF_OFFLOADS_CHECKSUM, /**< TCP and UDP checksums. */
	VNF_OFFLOADS_TSO,      /**< And TCP segmentation: frames of up to 64 KiB. */
};

/** What enum vnf_offloads is called in a file; NULL-terminated. */
extern const char *const vnf_offloads_words[];

/** The key `offloads` of a kind whose structure has it as `uint32_t member`. */
#define VNF_OFFLOADS_KEY(structure, member, default_word)                                          \
	{                                                                                          \
		.name = "offloads", .type = VNF_CONFIG_ENUM,                                       \
		.offset = offsetof(structure, member), .choices = vnf_offloads_words,              \
		.def = (default_word),                                                             \
		.doc = "What may be left to do in frames to and from the peer, as far as it "      \
		       "agrees: nothing, TCP and UDP checksums, or also TCP segmentation (frames " \
		       "of up to 64 KiB)."                                                         \
	}

/** Bits of vnf_port.takes: what packets may leave open that its tx is given. A packet then says by
 *  RTE_MBUF_F_TX_* flags and l2_len, l3_len and l4_len what and where, and its checksum field holds
 *  the sum of the pseudo header with the whole length.
 */
#define VNF_TAKES_CHECKSUM (1u << 0)
/** TCP over IPv4 to be cut into segments of mbuf.tso_segsz octets; with VNF_TAKES_CHECKSUM. */
#define VNF_TAKES_TSO4 (1u << 1)
/** The same over IPv6. */
#define VNF_TAKES_TSO6 (1u << 2)
/** The device also makes the IPv4 header checksum, and demands to be asked for it where it cuts
 *  segments.
 */
#define VNF_TAKES_IP_CHECKSUM (1u << 3)

/** Least octets of a TCP segment that a packet may ask for. That of Linux: the least MSS that it
 *  believes, 48, less the longest TCP options.
 */
#define VNF_TSO_MIN 8
/** TCP segments that the packets of one burst may come to; see vnf_tso_limit(). */
#define VNF_TSO_SEGMENTS_MAX 4096
/** Octets of a frame that is yet to be cut at most: an IP packet behind Ethernet and two tags. */
#define VNF_TSO_FRAME_MAX (65535 + 22)

/** opening may block (waiting for a peer): it is done on a thread of its own. */
#define VNF_KIND_OPEN_BLOCKS (1u << 0)
/** Any number of workers may send on one queue at a time. */
#define VNF_KIND_TX_SHARED (1u << 1)
/** A port is a DPDK device, of which there are RTE_MAX_ETHPORTS (32 in Debian's DPDK) at most. */
#define VNF_KIND_ETHDEV (1u << 2)
/** Its devices may be able to spread packets over the queues of a port by their flows. */
#define VNF_KIND_SPREADS (1u << 3)

/** A kind of port. */
struct vnf_port_kind {
	const char *name;                  /**< As written after `kind =`. */
	const char *doc;                   /**< One line for the reference page. */
	const struct vnf_config_key *keys; /**< Own keys; NULL = none. */
	size_t spec_size;                  /**< sizeof() the structure they fill. */
	size_t priv_size;    /**< The SDK gives vnf_port.priv this many zeroed bytes, from before
			   *   the first open until after the last close; 0 = the kind's own care.
			   */
	unsigned int flags;  /**< VNF_KIND_*. */
	uint16_t queues_max; /**< Queue pairs it can have, 1 to VNF_QUEUES_MAX. */

	/** Check `port`'s configuration as a whole; report with vnf_config_error() on the fields
	 *  of `spec` or `kind_spec`. No side effects. Context: start-up.
	 */
	void (*check)(struct vnf_config *file, const struct vnf_port_spec *spec);
	/** Name what the port must have for itself, with vnf_claim_file() and vnf_claim_name(): two
	 *  ports that claim the same are refused. No side effects. Context: start-up.
	 */
	void (*claims)(const struct vnf_port_spec *spec, struct vnf_claims *claims);
	/** Say what the port will take. Before EAL. */
	void (*need)(const struct vnf_port *port, struct vnf_port_need *need);
	/** Get ready what must be there before DPDK starts, such as a device's kernel driver. 0 or
	 *  -errno, after logging why; undone by `restore`. Context: control thread.
	 */
	int (*prepare)(struct vnf_port *port);
	/** Acquire the device: sets port->rx, tx, queue[], mac, mtu and priv as needed.
	 *  Return 0 or -errno, after logging why; -EAGAIN from a blocking open: the peer's fault,
	 *  open again after a while. What a failed open acquired it has released. Context: control
	 *  thread, or the port's own with VNF_KIND_OPEN_BLOCKS.
	 */
	int (*open)(struct vnf_port *port);
	/** Make a blocked open return soon. Context: control thread, while open runs elsewhere. */
	void (*cancel)(struct vnf_port *port);
	/** Begin to receive; calls vnf_port_set_up() now or later. Return 0 or -errno, after
	 *  logging why. Context: as open.
	 */
	int (*start)(struct vnf_port *port);
	/** Look after the port: link state, reconnects. Every 100 ms, and while a blocking open
	 *  runs. Context: control thread.
	 */
	void (*poll)(struct vnf_port *port);
	/** A queue's worker is another one for some slots: spread packets anew; NULL: it does not.
	 *  Context: control thread.
	 */
	void (*spread)(struct vnf_port *port);
	/** Fill in what was lost outside of the ledger. Context: any thread. */
	void (*missed)(const struct vnf_port *port, struct vnf_port_missed *missed);
	/** Say which way packets take; `path` is zeroed, and stays so if the peer has just left.
	 *  Only what a line of the configuration really does belongs into `change`. Of a started
	 *  port that is up. Context: control thread.
	 */
	void (*explain)(const struct vnf_port *port, struct vnf_port_path *path);
	/** Workers are gone; stop the device, calls vnf_port_set_up(port, false). */
	void (*stop)(struct vnf_port *port);
	/** Release all that open acquired. */
	void (*close)(struct vnf_port *port);
	/** Undo `prepare`, after DPDK has ended; also where prepare failed or did not run.
	 *  Context: control thread.
	 */
	void (*restore)(struct vnf_port *port);
};

/**
 * A port. Fields up to `up` are read by workers; a kind fills them in before its port is started.
 */
struct vnf_port {
	vnf_port_rx_fn rx;           /**< Receive; NULL if it never does. */
	vnf_port_tx_fn tx;           /**< Send; NULL if it never does. */
	vnf_port_tx_fn tx_copy;      /**< Send copies, the packets stay the caller's; or NULL. */
	void *queue[VNF_QUEUES_MAX]; /**< Argument of rx and tx, per queue pair. */
	struct rte_mempool *pool;    /**< Where received packets come from; set by the SDK. */
	uint16_t id;                 /**< Number, 0 to 255. */
	uint16_t n_queues;           /**< Queue pairs. */
	uint16_t mtu;                /**< Payload of a frame in bytes. */
	uint16_t socket_id;          /**< NUMA node. */
	uint32_t up;                 /**< Use vnf_port_is_up(). */
	uint32_t waiting;            /**< Set by a blocking open's kind once it waits for a peer. */
	uint32_t broken;             /**< Set by poll: stop, close and open the port again. */
	uint32_t takes;              /**< VNF_TAKES_*, by vnf_port_set_takes(). */
	uint16_t tso_min;            /**< Least octets of a segment that it is asked to cut. */

	struct rte_ether_addr mac;        /**< Own address. */
	const struct vnf_port_kind *kind; /**< Its kind. */
	const struct vnf_port_spec *spec; /**< Its configuration. */
	const char *name;                 /**< spec->name. */
	struct vnf *vnf;                  /**< The program. */
	void *priv;                       /**< The kind's own state. */
} __rte_cache_aligned;

/**
 * Claim a file or a socket, which need not exist yet. Names of the same file (`x`, `./x`, links)
 * are one claim.
 *
 * @param claims
 *   As given to the kind's claims().
 * @param field
 *   Address of the decoded field that it is written in, for the error.
 * @param path
 *   The file.
 * @param shared
 *   Others may have it too if they all share, as with a file that is only read.
 *
 * Context: start-up.
 */
void vnf_claim_file(struct vnf_claims *claims, const void *field, const char *path, bool shared);

/**
 * Claim something that is not a file.
 *
 * @param claims
 *   As given to the kind's claims().
 * @param field
 *   Address of the decoded field that it is written in, for the error.
 * @param identity
 *   Equal for what is the same, with a word in front that says what it is: "device 0000:00:03.0".
 * @param words
 *   What it is called in the error.
 *
 * Context: start-up.
 */
void vnf_claim_name(struct vnf_claims *claims, const void *field, const char *identity,
		    const char *words);

/** Bit of vnf_port.up: the kind says that the port may be used. */
#define VNF_PORT_UP 1u
/** Bit of vnf_port.up: the SDK is about to close the port; its kind cannot take it back. */
#define VNF_PORT_LEAVING 2u

/** Frame octets that a port of this MTU takes: Ethernet header and two VLAN tags beside. */
#define VNF_FRAME_OVERHEAD 22

/**
 * May packets be sent to and received from the port now?
 *
 * @param port
 *   The port.
 * @return
 *   True between vnf_port_set_up(port, true) and the next vnf_port_set_up(port, false).
 *
 * Context: any thread. Acquire; pairs with the release in vnf_port_set_up().
 */
static inline bool vnf_port_is_up(const struct vnf_port *port)
{
	return __atomic_load_n(&port->up, __ATOMIC_ACQUIRE) == VNF_PORT_UP;
}

/**
 * Say that a port may be used, or no longer. Logged by the control thread when it sees the change.
 *
 * @param port
 *   The port.
 * @param up
 *   New state. After false, workers may still be using the port until they have all passed
 *   the end of a pass: see vnf_quiesce().
 *
 * Context: any thread.
 */
static inline void vnf_port_set_up(struct vnf_port *port, bool up)
{
	if (up)
		__atomic_fetch_or(&port->up, VNF_PORT_UP, __ATOMIC_RELEASE);
	else
		__atomic_fetch_and(&port->up, ~VNF_PORT_UP, __ATOMIC_RELEASE);
}

/**
 * Say what a port's peer takes. Packets are made to fit before they are given to its tx.
 *
 * @param port
 *   The port.
 * @param takes
 *   VNF_TAKES_*.
 *
 * Context: any thread. When it becomes less, no worker may be using the port.
 */
static inline void vnf_port_set_takes(struct vnf_port *port, uint32_t takes)
{
	__atomic_store_n(&port->takes, takes, __ATOMIC_RELAXED);
}

/**
 * Does a packet leave something to whoever sends it? Flags that only tell what kind of packet it is
 * ask for nothing.
 *
 * @param pkt
 *   The packet.
 * @return
 *   True: a checksum that is not complete, segmentation, or another request to a device.
 *
 * Context: the thread that owns the packet.
 */
static inline bool vnf_is_open(const struct rte_mbuf *pkt)
{
	const uint64_t kinds = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_OUTER_IPV4 |
			       RTE_MBUF_F_TX_OUTER_IPV6;

	return (pkt->ol_flags & ((RTE_MBUF_F_TX_OFFLOAD_MASK & ~kinds) | RTE_MBUF_F_RX_LRO)) != 0 ||
	       (pkt->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

/** Of a burst's flags put together: may there be a packet for which vnf_is_open()? */
#define VNF_MAY_BE_OPEN                                                                            \
	(RTE_MBUF_F_TX_OFFLOAD_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO)

/**
 * Is a packet one that has yet to be cut into TCP segments of mbuf.tso_segsz octets?
 *
 * @param pkt
 *   The packet.
 * @return
 *   True: as a virtio device delivers it (RTE_MBUF_F_RX_LRO), or asked of the device that sends it
 *   (RTE_MBUF_F_TX_TCP_SEG).
 *
 * Context: the thread that owns the packet.
 */
static inline bool vnf_is_tso(const struct rte_mbuf *pkt)
{
	return (pkt->ol_flags & (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_TX_TCP_SEG)) != 0;
}

/**
 * Segments that a packet comes to at most if it is cut.
 *
 * @param pkt
 *   The packet.
 * @return
 *   1 for one that is not to be cut.
 *
 * Context: the thread that owns the packet.
 */
static inline uint32_t vnf_tso_segments(const struct rte_mbuf *pkt)
{
	uint32_t octets = pkt->tso_segsz;

	if (!vnf_is_tso(pkt))
		return 1;
	return pkt->pkt_len / (octets > VNF_TSO_MIN ? octets : VNF_TSO_MIN) + 1;
}

/**
 * Count packets as sent: for a kind's tx function, before the mbufs are given away.
 *
 * @param counters
 *   The worker's counters of the port.
 * @param pkts
 *   The packets.
 * @param n
 *   Number of packets.
 *
 * Context: worker.
 */
static inline void vnf_count_tx(struct vnf_port_counters *counters, struct rte_mbuf *const *pkts,
				uint16_t n)
{
	uint64_t bytes = 0;

	for (uint16_t i = 0; i < n; i++)
		bytes += pkts[i]->pkt_len;
	counters->tx_packets += n;
	counters->tx_bytes += bytes;
}

/**
 * Count packets that the port drops by itself, and tell whoever wants to know of them: for a kind's
 * tx function, before the mbufs are freed.
 *
 * @param counters
 *   The worker's counters of the port.
 * @param pkts
 *   The packets.
 * @param n
 *   Number of packets.
 * @param reason
 *   An enum vnf_drop_reason.
 *
 * Context: worker.
 */
void vnf_port_drop(struct vnf_port_counters *counters, struct rte_mbuf *const *pkts, uint16_t n,
		   uint32_t reason);

#ifdef __cplusplus
}
#endif

#endif
