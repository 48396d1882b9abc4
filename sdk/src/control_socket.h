/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * The file of the control socket: whose it is, who may connect, and what a program that was killed
 * left behind. Control thread.
 */
#ifndef VNF_CONTROL_SOCKET_H
#define VNF_CONTROL_SOCKET_H

#include "control.h"

/* Octets of a socket's path at most. */
#define SOCKET_PATH_MAX 107

struct control_file {
	char path[SOCKET_PATH_MAX + 1];
	char lock_path[SOCKET_PATH_MAX + sizeof(".lock")]; /* "" = the path is ours anyway */
	int lock_fd;
	int fd;
};

/* Listen at the path, which `locked` says nobody else can have. 0, or -errno with a sentence in
 * `why`.
 */
int control_file_open(struct control_file *file, const char *path, bool locked,
		      const struct control_spec *spec, char *why, size_t why_size);
void control_file_close(struct control_file *file);

/* Check of the key `socket`. */
int check_socket_path(const void *field, char *why, size_t why_size);

#endif
