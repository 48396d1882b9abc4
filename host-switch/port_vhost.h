/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The port kind "vhost-user": a guest's virtio-net device, served by librte_vhost. Its state, and
 * what its files offer each other: port_vhost.c (keys and life), vhost_peer.c (librte_vhost's
 * callbacks), vhost_rxtx.c (workers), vhost_socket.c (the socket's file), vhost_fault.c (guests
 * that take their memory away), vhost_watch.c (guests whose rings cannot work), vhost_path.c (what
 * was agreed with a guest, in words).
 */
#ifndef HSW_PORT_VHOST_H
#define HSW_PORT_VHOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <vnf/embed.h>

#include "vhost_guard.h"
#include "vhost_rings.h"

extern const struct vnf_port_kind hsw_port_kind_vhost_user;

/* Frames that librte_vhost moves per call at most. */
#define HSW_VHOST_BURST 32
/* Descriptors of a packed ring that it looks at together. */
#define HSW_VHOST_BATCH 4

/* Longest path of a UNIX socket: sun_path less its end. */
#define HSW_SOCKET_PATH_MAX 107

enum hsw_vhost_mode {
	HSW_VHOST_CLIENT,
	HSW_VHOST_SERVER,
};

struct hsw_vhost_spec {
	const char *socket;
	uint32_t mode; /* enum hsw_vhost_mode */
	const char *owner;
	const char *group;
	uint32_t access;
	uint32_t ring_max;
	uint32_t offloads; /* enum vnf_offloads */
	bool mergeable;
};

/* A guest's memory as mapped here, for vhost_fault.c; empty if `end` is 0. */
struct hsw_vhost_range {
	uint64_t start;
	uint64_t end;
};
/* Memory regions and the migration log. */
#define HSW_VHOST_RANGES (HSW_VHOST_REGIONS + 1)

/* A guest's rings under observation: see vhost_watch.c. */
struct hsw_watch {
	pthread_mutex_t
		lock; /* Guest memory at `ring` is read, and the next are written, with it. */
	bool known;   /* The next two are true: no message is being handled. */
	int kick_fd[HSW_GUARD_RINGS];
	struct hsw_ring ring[HSW_GUARD_RINGS];
	struct hsw_sharing_test sharing;

	/* librte_vhost's thread only: rings, as bit masks. */
	uint32_t started; /* Their position is to be looked at as soon as they are mapped. */
	uint32_t told;    /* We told the frontend their position when they were stopped: */
	uint16_t position[HSW_GUARD_RINGS];
};

struct hsw_vhost;
struct rte_vhost_device_ops;

/*
 * What workers know as a queue of the port. A guest may have more queue pairs than the port has
 * queues: queue i serves the guest's pairs i, i + n, i + 2n ... in turn.
 */
struct hsw_vhost_queue {
	struct hsw_vhost *vhost;
	uint32_t rings; /* The guest's tx rings that it serves, as a bit mask. */
	uint32_t turn;  /* The worker's own: where the next burst begins. */
} __rte_cache_aligned;

struct hsw_vhost {
	/* Stored by librte_vhost's threads, loaded by workers. */
	int vid;           /* The guest's device while it is ready, else -1. */
	uint32_t rings;    /* Enabled rings, as a bit mask. */
	uint64_t features; /* Negotiated; constant while vid is. */
	uint32_t burst; /* Frames that librte_vhost may be given at once; constant while vid is. */
	uint32_t rx_burst; /* And that may be asked of it; likewise. */
	uint32_t lies;     /* The guest may say that its frames are to be cut, which was not agreed;
			 * likewise.
			 */
	uint32_t loud;     /* Rings, as a bit mask, whose guest still has to be told that nobody
			 * needs a notification; cleared by the worker that tells it.
			 */
	struct rte_mempool *pool;

	struct hsw_vhost_queue queue[VNF_QUEUES_MAX];

	/* Control thread and librte_vhost's threads. */
	struct vnf_port *port;
	const struct hsw_vhost_spec *spec;
	uint32_t downs;      /* Times that the port went down. */
	uint32_t downs_seen; /* The control thread's own. */
	int connection;      /* The peer's device number from connection to its end, else -1. */
	int lock_fd;         /* Of SOCKET.lock, in server mode; else -1. */
	bool registered;
	struct hsw_guard guard;
	bool must_answer; /* The message being handled asks for an acknowledgement. */
	bool muted;       /* The connection is to end: nothing it says is listened to. */
	bool blamed;      /* The connection ends because of what the peer did. */
	uint32_t parked;  /* Client mode: stop connecting until the guard's pause is over. Stored by
			   * librte_vhost's threads, cleared by the control thread.
			   */
	uint32_t broken;  /* The guest took memory away; stored by any thread's signal handler. */
	uint32_t lost;    /* Packed rings, as a bit mask, that were in use before we came: where in
			   * them the guest is, nobody knows. Stored by librte_vhost's threads.
			   */
	struct hsw_vhost_range range[HSW_VHOST_RANGES]; /* Loaded by signal handlers. */
	struct hsw_watch watch;

	pthread_mutex_t peer_lock; /* Of the next. */
	int peer_fd;               /* Our own descriptor of the connection, or -1. */
	uint64_t peer_inode;       /* Its socket, or 0; also read under ports_lock. */

	struct vnf_log_limit limit; /* Of what the peer can cause. */

	/* Counts for telemetry. */
	uint64_t connections;
	uint64_t refused_peers;
	uint64_t refused_messages;
};

/* ---- port_vhost.c ---- */

/* Did the port go down since the last call? Also if it is up again, which nobody else may notice.
 * Control thread.
 */
bool hsw_vhost_was_down(const struct vnf_port *port);
/* Queue pairs that the guest may use at most. */
uint32_t hsw_vhost_pairs(const struct vnf_port *port);

/* ---- vhost_peer.c ---- */

extern const struct rte_vhost_device_ops hsw_vhost_device_ops;

/* Let the callbacks find the port by its socket; -EEXIST if another one has it. Control thread. */
int hsw_vhost_enlist(struct hsw_vhost *vhost);
/* No callback will find it again. Control thread, after librte_vhost let go of the socket. */
void hsw_vhost_delist(struct hsw_vhost *vhost);
/* librte_vhost let go of the socket without saying so: forget its connection. Control thread. */
void hsw_vhost_forget_peer(struct hsw_vhost *vhost);
/* Disconnect a peer that broke its memory. Control thread. */
void hsw_vhost_poll_peer(struct hsw_vhost *vhost);
/* Is this socket another port's connection? With ports_lock held, within vhost_peer.c's calls. */
bool hsw_vhost_is_peer(uint64_t inode);

/* ---- vhost_fault.c ---- */

/* From now on, a guest that takes away memory of this port ends itself, not us. -ENOSPC: full. */
int hsw_fault_watch(struct hsw_vhost *vhost);
void hsw_fault_unwatch(struct hsw_vhost *vhost);
/* This thread begins to handle a message of the port (or, NULL, has ended). */
void hsw_fault_enter(struct hsw_vhost *vhost);
/* Are these octets within one piece of the guest's memory? librte_vhost's threads. */
bool hsw_fault_in_range(const struct hsw_vhost *vhost, uint64_t start, uint64_t size);
/* The port's memory is what librte_vhost says of this device; -1: it has none. */
void hsw_fault_set_ranges(struct hsw_vhost *vhost, int vid);

/* ---- vhost_path.c ---- */

void hsw_vhost_explain(const struct vnf_port *port, struct vnf_port_path *path);

/* ---- vhost_watch.c ---- */

/* A connection begins or has ended: nothing is known of its rings. Any thread. */
void hsw_watch_reset(struct hsw_vhost *vhost);
/* librte_vhost may unmap memory from now on: no look until hsw_watch_message(). Its thread. */
void hsw_watch_pause(struct hsw_vhost *vhost);
/* librte_vhost has handled this message: bring `lost` up to date. True if that is no longer 0: the
 * port must go down. Its thread, rings locked.
 */
bool hsw_watch_message(struct hsw_vhost *vhost, int vid, const struct hsw_vhost_msg *msg);
/* Warn of a guest whose memory is not shared. Control thread, every 100 ms. */
void hsw_watch_poll(struct hsw_vhost *vhost, uint64_t now_ns);

/* ---- vhost_rxtx.c: workers ---- */

uint16_t hsw_vhost_rx(void *queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t hsw_vhost_tx(void *queue, struct rte_mbuf **pkts, uint16_t n,
		      struct vnf_port_counters *counters);
uint16_t hsw_vhost_tx_copy(void *queue, struct rte_mbuf **pkts, uint16_t n,
			   struct vnf_port_counters *counters);
/* Free 1 to 65,535 frames that librte_vhost has copied. */
void hsw_free_sent(struct rte_mbuf **pkts, uint16_t n);

/* ---- vhost_socket.c: control thread, start and end ---- */

/* Key checks: field is a const char *. */
int hsw_check_socket_path(const void *field, char *why, size_t why_size);
int hsw_check_owner(const void *field, char *why, size_t why_size);
int hsw_check_group(const void *field, char *why, size_t why_size);

/* Do two paths name one socket, there or not? */
bool hsw_socket_is_same(const char *a, const char *b);
/* Is there a directory for the socket? 0 or -errno, logged. */
int hsw_socket_check_directory(const char *port, const char *path);
/* Make the path ours and free to bind: lock, and removal of a left-over socket. Returns the lock's
 * descriptor, or -errno, logged.
 */
int hsw_socket_claim(const char *port, const char *path);
/* Owner, group and mode of a socket that was just bound. 0 or -errno, logged. */
int hsw_socket_grant(const char *port, const struct hsw_vhost_spec *spec);
/* Give the path up. */
void hsw_socket_release(const char *path, int lock_fd);
/* Remember the sockets that the process came with: none of them is a peer's. Start-up. */
void hsw_socket_note_inherited(void);
/* The connection that librte_vhost has just made for this port: a descriptor of our own for
 * it, with limits on how long librte_vhost waits for it, and its socket's inode. -errno: none, or
 * more than one that it could be.
 */
int hsw_socket_find_peer(const struct hsw_vhost_spec *spec, uint64_t *inode);

#endif
