/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Loads the kernel modules that the image lists, in its order, dependencies first. One that does
 * not load is said and passed over: whether the VNF can do without, the VNF knows. Once, at
 * start-up.
 */
#include "guest_init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int module_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int status = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		status = -errno;
	close(fd);
	return status;
}

static const char *module_advice(int error)
{
	switch (error) {
	case ENOENT:
		return "Its file is missing, or a module that it needs does not stand before it.";
	case ENOEXEC:
		return "It belongs to another kernel, or is compressed.";
	case ENOMEM:
		return "Give the guest more memory (QEMU: -m).";
	default:
		return "dmesg of the guest's kernel says more: boot it without `quiet`.";
	}
}

int modules_load(const struct guest *guest)
{
	char text[LINE_MAX_BYTES];
	struct list list;
	int status = list_read(guest, "/etc/vnfkit/modules", text, sizeof(text), &list);

	if (status == -ENODATA)
		return 0;
	for (size_t i = 0; i < list.n; i++) {
		if (list.line[i][0] == '\0')
			continue;
		status = module_load(list.line[i]);
		if (status < 0)
			say("module %s: %s. %s", list.line[i], strerror(-status),
			    module_advice(-status));
	}
	return 0;
}
