/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * A file whose lock says that something (a socket, a device) is in use. It ends with the process
 * that holds it. Whoever removes the file does so while holding the lock. Any thread.
 */
#ifndef VNF_LOCK_FILE_H
#define VNF_LOCK_FILE_H

#include <sys/types.h>

/* Make the file if it is not there and lock it. A descriptor; -EWOULDBLOCK: another holds it; or
 * -errno.
 */
int lock_file_take(const char *path, mode_t mode);

#endif
