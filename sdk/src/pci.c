/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See pci.h. Reads sysfs and /proc/net/route, changes nothing.
 */

#include "pci.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Kernel drivers that share the device with DPDK: it stays theirs. */
static const char *const bifurcated[] = { "mlx4_core", "mlx5_core", NULL };
/* Drivers that hand the device to a process. */
static const char *const usable[] = { "vfio-pci", "uio_pci_generic", "igb_uio", NULL };

static bool word_in(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* A hexadecimal number of `digits` at most, followed by `end`; *text moves behind that. */
static int hex_take(const char **text, unsigned int digits, char end, unsigned long *value)
{
	size_t n = strspn(*text, "0123456789abcdefABCDEF");

	if (n == 0 || n > digits || (*text)[n] != end)
		return -EINVAL;
	*value = strtoul(*text, NULL, 16);
	*text += n + (end != '\0' ? 1 : 0);
	return 0;
}

int pci_address_parse(const char *text, char address[PCI_ADDRESS_MAX])
{
	bool has_domain = strchr(text, ':') != strrchr(text, ':');
	unsigned long domain = 0, bus, slot, function;

	if ((has_domain && hex_take(&text, 4, ':', &domain) < 0) ||
	    hex_take(&text, 2, ':', &bus) < 0 || hex_take(&text, 2, '.', &slot) < 0 ||
	    hex_take(&text, 1, '\0', &function) < 0)
		return -EINVAL;
	if (slot > 0x1f || function > 7)
		return -EINVAL;
	snprintf(address, PCI_ADDRESS_MAX, "%04lx:%02lx:%02lx.%lx", domain & 0xffff, bus & 0xff,
		 slot, function);
	return 0;
}

static int device_path(const char *sysfs, const char *address, const char *tail, char *path,
		       size_t size)
{
	int n = snprintf(path, size, "%s/bus/pci/devices/%s%s", sysfs, address, tail);

	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* Name of the bound driver; "" if there is none. */
static void driver_read(const char *sysfs, const char *address, char *driver, size_t size)
{
	char path[512], target[256];
	const char *name;
	ssize_t n;

	driver[0] = '\0';
	if (device_path(sysfs, address, "/driver", path, sizeof(path)) < 0)
		return;
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(driver, size, "%s", name != NULL ? name + 1 : target);
}

bool pci_needs_pa(const char *sysfs, const char *address)
{
	char driver[256], path[512];

	driver_read(sysfs, address, driver, sizeof(driver));
	if (strcmp(driver, "vfio-pci") != 0)
		return driver[0] != '\0' && word_in(driver, usable);
	if (device_path(sysfs, address, "/iommu_group", path, sizeof(path)) < 0)
		return false;
	return access(path, F_OK) != 0;
}

/* "IFNAME DESTINATION GATEWAY FLAGS REFCNT USE METRIC MASK ...", numbers in hexadecimal. */
static bool is_default_route(char *line, const char *ifname)
{
	const char *field[8];
	char *rest;

	for (size_t i = 0; i < 8; i++) {
		field[i] = strtok_r(i == 0 ? line : NULL, "\t \n", &rest);
		if (field[i] == NULL)
			return false;
	}
	return strcmp(field[0], ifname) == 0 && strcmp(field[1], "00000000") == 0 &&
	       strcmp(field[7], "00000000") == 0;
}

/* Does a default route go out of this interface? */
static bool has_default_route(const char *proc, const char *ifname)
{
	char path[512], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/net/route", proc);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = is_default_route(line, ifname);
	fclose(f);
	return found;
}

/* The first kernel interface in this directory. */
static bool interface_in(const char *dir, char *ifname, size_t size)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	ifname[0] = '\0';
	if (d == NULL)
		return false;
	while (ifname[0] == '\0' && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			snprintf(ifname, size, "%s", entry->d_name);
	closedir(d);
	return ifname[0] != '\0';
}

/* A kernel interface of the device: DEVICE/net/NAME, for virtio DEVICE/virtioN/net/NAME. */
static bool interface_find(const char *sysfs, const char *address, char *ifname, size_t size)
{
	char path[512], inner[1024];
	struct dirent *entry;
	bool found;
	DIR *d;

	if (device_path(sysfs, address, "/net", path, sizeof(path)) < 0)
		return false;
	if (interface_in(path, ifname, size))
		return true;
	path[strlen(path) - strlen("/net")] = '\0';
	found = false;
	d = opendir(path);
	while (d != NULL && !found && (entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, "virtio", 6) != 0)
			continue;
		snprintf(inner, sizeof(inner), "%s/%s/net", path, entry->d_name);
		found = interface_in(inner, ifname, size);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

int pci_device_check(const char *sysfs, const char *proc, const char *address, char *why,
		     size_t why_size)
{
	char path[512], driver[512], ifname[256];
	bool interface;

	if (device_path(sysfs, address, "", path, sizeof(path)) < 0 || access(path, F_OK) != 0) {
		snprintf(why, why_size,
			 "there is no PCI device %s; dpdk-devbind.py --status lists them", address);
		return -ENODEV;
	}
	driver_read(sysfs, address, driver, sizeof(driver));
	interface = interface_find(sysfs, address, ifname, sizeof(ifname));
	if (interface && has_default_route(proc, ifname)) {
		snprintf(why, why_size,
			 "PCI device %s is %s, which holds this machine's default route; it is not "
			 "taken",
			 address, ifname);
		return -EBUSY;
	}
	if (word_in(driver, usable) || word_in(driver, bifurcated))
		return 0;
	snprintf(why, why_size,
		 "PCI device %s is bound to %s%s%s; as root: modprobe vfio-pci && "
		 "dpdk-devbind.py -b vfio-pci %s (uio_pci_generic where there is no IOMMU)",
		 address, driver[0] != '\0' ? "the kernel's driver " : "no driver", driver,
		 interface ? " and in use as a network interface" : "", address);
	return -EBUSY;
}
