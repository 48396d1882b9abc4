/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The UNIX sockets that DPDK's virtio-user opens and does not tell anybody: found among the
 * process's descriptors by their path. No DPDK calls. Control thread and port-opening threads.
 */
#ifndef VNF_UNIX_SOCKET_H
#define VNF_UNIX_SOCKET_H

#include <stdbool.h>

/* Does some process of this network namespace listen at the path? Asked of the kernel: to connect
 * would take the place of the real peer.
 */
bool unix_socket_listening(const char *path);
/* Is one of our descriptors a connection at the path, ours to it or a peer's to us, that the other
 * side has not closed?
 */
bool unix_connection_alive(const char *path);
/* Shut our connections at the path down: whoever is blocked on one comes back with an error. */
void unix_connection_cut(const char *path);
/* The same for the listening socket: nobody connects any more. */
void unix_listener_cut(const char *path);
/* Is one of our descriptors a connection at the path, alive or not? */
bool unix_connection_open(const char *path);
/* Close all our descriptors that are bound to the path, listening ones too. Only when their owner
 * has given them up: virtio-user does when a handshake fails, and leaves them open.
 */
void unix_socket_reclaim(const char *path);

#endif
