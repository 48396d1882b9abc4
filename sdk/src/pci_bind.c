/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See pci_bind.h.
 */

#include "pci_bind.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lock_file.h"

/* The kernel binds before the write returns, but a driver may be probed in the background. */
#define BIND_WAIT_MS 2000

/* ---- the record ---- */

static int record_path(const struct pci_machine *m, const char *address, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/%s.device", m->run, address);

	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* "driver NAME", "mac MAC"; a line that is neither is passed over. */
static void record_line(char *line, struct pci_record *record)
{
	char *value = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (value == NULL)
		return;
	*value++ = '\0';
	if (strcmp(line, "driver") == 0)
		snprintf(record->driver, sizeof(record->driver), "%s", value);
	else if (strcmp(line, "mac") == 0 && pci_mac_parse(value, record->mac) < 0)
		record->mac[0] = '\0';
}

int pci_record_read(const struct pci_machine *m, const char *address, struct pci_record *record)
{
	char path[512], line[128];
	FILE *f;

	memset(record, 0, sizeof(*record));
	if (record_path(m, address, path, sizeof(path)) < 0)
		return -ENAMETOOLONG;
	f = fopen(path, "re");
	if (f == NULL)
		return -errno;
	while (fgets(line, sizeof(line), f) != NULL)
		record_line(line, record);
	fclose(f);
	return record->driver[0] != '\0' || record->mac[0] != '\0' ? 0 : -ENODATA;
}

static int record_write(int fd, const struct pci_record *record)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "driver %s\nmac %s\n", record->driver, record->mac);

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return -EIO;
	return 0;
}

/* A user who may not write there may not bind either: the lock is then of no use. */
static int record_lock(const struct pci_machine *m, const char *address, int *lock_fd, char *why,
		       size_t why_size)
{
	char path[512];

	mkdir(m->run, 0755);
	if (record_path(m, address, path, sizeof(path)) < 0)
		return -ENAMETOOLONG;
	*lock_fd = lock_file_take(path, 0644);
	if (*lock_fd != -EWOULDBLOCK)
		return 0;
	snprintf(why, why_size,
		 "PCI device %s is in use by another program, which holds %s; stop that, or name "
		 "another device",
		 address, path);
	return -EBUSY;
}

static void record_unlock(const struct pci_machine *m, struct pci_binding *binding, bool remove)
{
	char path[512];

	if (binding->lock_fd < 0)
		return;
	if (remove && record_path(m, binding->address, path, sizeof(path)) == 0)
		unlink(path);
	close(binding->lock_fd);
	binding->lock_fd = -1;
}

/* ---- sysfs ---- */

static int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int ret;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	ret = n < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int device_write(const struct pci_machine *m, const char *address, const char *tail,
			const char *text)
{
	char path[512];
	int ret = pci_path(m, address, tail, path, sizeof(path));

	return ret < 0 ? ret : file_write(path, text);
}

/* Nobody waits for a module that is there already. */
static bool driver_loaded(const struct pci_machine *m, const char *driver)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/bus/pci/drivers/%s", m->sysfs, driver);
	return access(path, F_OK) == 0;
}

static bool driver_load(const struct pci_machine *m, const char *driver)
{
	char program[] = "modprobe", quiet[] = "-q", name[PCI_NAME_MAX];
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *argv[] = { program, quiet, name, NULL }, *envp[] = { path, NULL };
	pid_t pid;

	if (driver_loaded(m, driver))
		return true;
	snprintf(name, sizeof(name), "%s", driver);
	if (posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, argv, envp) != 0)
		return false;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return driver_loaded(m, driver);
}

static bool driver_is(const struct pci_machine *m, const char *address, const char *driver)
{
	char now[PCI_NAME_MAX];

	pci_driver_read(m, address, now);
	return strcmp(now, driver) == 0;
}

static int driver_await(const struct pci_machine *m, const char *address, const char *driver)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int ms = 0; ms < BIND_WAIT_MS; ms++) {
		if (driver_is(m, address, driver))
			return 0;
		nanosleep(&pause, NULL);
	}
	return -EIO;
}

/* Take the device from the driver it has and let `override` ("" = whoever knows it) have it. */
static int driver_change(const struct pci_machine *m, const char *address, const char *override)
{
	char text[PCI_NAME_MAX + 1], probe[512];
	int ret;

	snprintf(text, sizeof(text), "%s\n", override);
	ret = device_write(m, address, "/driver_override", text);
	if (ret < 0)
		return ret;
	ret = device_write(m, address, "/driver/unbind", address);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	snprintf(probe, sizeof(probe), "%s/bus/pci/drivers_probe", m->sysfs);
	return file_write(probe, address);
}

/* ---- take and release ---- */

static int refuse_to_bind(const char *address, const char *driver, const char *now,
			  const char *problem, char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "PCI device %s is bound to %s%s%s; as root: modprobe %s && dpdk-devbind.py -b %s "
		 "%s",
		 address, now[0] != '\0' ? "the kernel's driver " : "no driver", now, problem,
		 driver, driver, address);
	return -EBUSY;
}

static int bind_device(const struct pci_machine *m, const char *address, const char *driver,
		       const char *now, char *why, size_t why_size)
{
	char problem[128];
	int ret;

	if (!driver_load(m, driver)) {
		snprintf(why, why_size,
			 "PCI device %s needs the kernel driver %s, which cannot be loaded; as "
			 "root: modprobe %s (it is in the kernel's package of modules)",
			 address, driver, driver);
		return -ENODEV;
	}
	ret = driver_change(m, address, driver);
	if (ret == 0)
		ret = driver_await(m, address, driver);
	if (ret == 0)
		return 0;
	/* As it was; a device that nobody had is nobody's again. */
	if (now[0] == '\0')
		device_write(m, address, "/driver_override", "\n");
	else if (driver_change(m, address, "") == 0)
		driver_await(m, address, now);
	snprintf(problem, sizeof(problem), ", and %s does not take it: %s", driver, strerror(-ret));
	refuse_to_bind(address, driver, now, problem, why, why_size);
	return ret;
}

static bool may_bind(const struct pci_machine *m, const char *address)
{
	char path[512];

	return pci_path(m, address, "/driver_override", path, sizeof(path)) == 0 &&
	       access(path, W_OK) == 0;
}

/* What is to be known later of a device that is taken now. One that we or others have taken before,
 * or that was left without a driver, still is what it was then.
 */
static void record_fill(const struct pci_machine *m, const char *address, const char *now,
			struct pci_record *record)
{
	char ifname[PCI_NAME_MAX], mac[18] = "";

	if (now[0] == '\0' || pci_driver_hands_over(now))
		return;
	snprintf(record->driver, sizeof(record->driver), "%s", now);
	if (pci_interface_find(m, address, ifname, mac) && mac[0] != '\0')
		memcpy(record->mac, mac, sizeof(record->mac));
}

static int take_locked(const struct pci_machine *m, enum pci_driver want,
		       struct pci_binding *binding, char *why, size_t why_size)
{
	const char *address = binding->address;
	const char *driver = pci_driver_choose(m, address, want);
	char now[PCI_NAME_MAX];
	struct pci_record old;
	int ret = pci_device_check(m, address, want, why, why_size);

	if (ret < 0)
		return ret;
	pci_record_read(m, address, &old);
	binding->was = old;
	pci_driver_read(m, address, now);
	if (pci_is_usable(m, address, want))
		return 0;
	if (want == PCI_DRIVER_KEEP)
		return refuse_to_bind(address, driver, now, " and driver = \"keep\" leaves it so",
				      why, why_size);
	if (!may_bind(m, address))
		return refuse_to_bind(address, driver, now, ", which only root can change", why,
				      why_size);
	record_fill(m, address, now, &binding->was);
	if (binding->lock_fd >= 0)
		record_write(binding->lock_fd, &binding->was);
	ret = bind_device(m, address, driver, now, why, why_size);
	binding->bound = ret == 0;
	if (ret < 0 && binding->lock_fd >= 0)
		record_write(binding->lock_fd, &old);
	return ret;
}

/* A record without content is worth no file. */
static bool record_is_empty(const struct pci_machine *m, const char *address)
{
	struct pci_record record;

	return pci_record_read(m, address, &record) < 0;
}

int pci_take(const struct pci_machine *m, const char *text, enum pci_driver want,
	     struct pci_binding *binding, char *why, size_t why_size)
{
	int ret;

	memset(binding, 0, sizeof(*binding));
	binding->lock_fd = -1;
	ret = pci_locate(m, text, binding->address, why, why_size);
	if (ret == 0)
		ret = record_lock(m, binding->address, &binding->lock_fd, why, why_size);
	if (ret == 0) {
		ret = take_locked(m, want, binding, why, why_size);
		if (ret == 0)
			return 0;
		record_unlock(m, binding, record_is_empty(m, binding->address));
	}
	binding->address[0] = '\0';
	return ret;
}

int pci_release(const struct pci_machine *m, struct pci_binding *binding, bool restore, char *why,
		size_t why_size)
{
	int ret = 0;

	if (binding->address[0] == '\0')
		return 0;
	restore = restore && binding->was.driver[0] != '\0';
	if (restore && !driver_is(m, binding->address, binding->was.driver)) {
		ret = driver_change(m, binding->address, "");
		if (ret == 0)
			ret = driver_await(m, binding->address, binding->was.driver);
	}
	if (ret < 0)
		snprintf(why, why_size,
			 "PCI device %s does not go back to the driver %s: %s; as root: "
			 "dpdk-devbind.py -b %s %s",
			 binding->address, binding->was.driver, strerror(-ret), binding->was.driver,
			 binding->address);
	record_unlock(m, binding, ret == 0 && (restore || binding->was.driver[0] == '\0'));
	binding->address[0] = '\0';
	return ret;
}
