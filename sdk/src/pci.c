/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See pci.h. Reads sysfs and the routing tables in /proc/net, changes nothing.
 */

#include "pci.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pci_bind.h"

/* Kernel drivers that share the device with DPDK: it stays theirs. */
static const char *const bifurcated[] = { "mlx4_core", "mlx5_core", NULL };
/* Drivers that hand the device to a process. */
static const char *const usable[] = { "vfio-pci", "uio_pci_generic", "igb_uio", NULL };

const struct pci_machine pci_this_machine = {
	.sysfs = "/sys",
	.proc = "/proc",
	.run = "/run/vnfkit",
};

static bool word_in(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* ---- names of devices ---- */

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

int pci_mac_parse(const char *text, char mac[18])
{
	unsigned long octet[6];

	for (size_t i = 0; i < 6; i++)
		if (hex_take(&text, 2, i < 5 ? ':' : '\0', &octet[i]) < 0)
			return -EINVAL;
	snprintf(mac, 18, "%02lx:%02lx:%02lx:%02lx:%02lx:%02lx", octet[0] & 0xff, octet[1] & 0xff,
		 octet[2] & 0xff, octet[3] & 0xff, octet[4] & 0xff, octet[5] & 0xff);
	return 0;
}

int pci_path(const struct pci_machine *m, const char *address, const char *tail, char *path,
	     size_t size)
{
	int n = snprintf(path, size, "%s/bus/pci/devices/%s%s", m->sysfs, address, tail);

	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static bool exists(const struct pci_machine *m, const char *address, const char *tail)
{
	char path[512];

	return pci_path(m, address, tail, path, sizeof(path)) == 0 && access(path, F_OK) == 0;
}

/* ---- drivers ---- */

void pci_driver_read(const struct pci_machine *m, const char *address, char driver[PCI_NAME_MAX])
{
	char path[512], target[256];
	const char *name;
	ssize_t n;

	driver[0] = '\0';
	if (pci_path(m, address, "/driver", path, sizeof(path)) < 0)
		return;
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	name = strrchr(target, '/');
	snprintf(driver, PCI_NAME_MAX, "%.*s", PCI_NAME_MAX - 1, name != NULL ? name + 1 : target);
}

static bool driver_serves(const char *driver, enum pci_driver want)
{
	switch (want) {
	case PCI_DRIVER_UIO:
		return strcmp(driver, "uio_pci_generic") == 0;
	case PCI_DRIVER_VFIO:
		return strcmp(driver, "vfio-pci") == 0;
	default:
		return word_in(driver, usable) || word_in(driver, bifurcated);
	}
}

bool pci_driver_hands_over(const char *driver)
{
	return word_in(driver, usable);
}

bool pci_is_usable(const struct pci_machine *m, const char *address, enum pci_driver want)
{
	char driver[PCI_NAME_MAX];

	pci_driver_read(m, address, driver);
	return driver_serves(driver, want);
}

const char *pci_driver_choose(const struct pci_machine *m, const char *address,
			      enum pci_driver want)
{
	if (want == PCI_DRIVER_VFIO ||
	    (want != PCI_DRIVER_UIO && exists(m, address, "/iommu_group")))
		return "vfio-pci";
	return "uio_pci_generic";
}

bool pci_needs_pa(const struct pci_machine *m, const char *address, enum pci_driver want)
{
	char driver[PCI_NAME_MAX];

	pci_driver_read(m, address, driver);
	if (!driver_serves(driver, want))
		snprintf(driver, sizeof(driver), "%s", pci_driver_choose(m, address, want));
	if (strcmp(driver, "vfio-pci") == 0)
		return !exists(m, address, "/iommu_group");
	return word_in(driver, usable);
}

/* ---- interfaces ---- */

/* The MAC of an interface, or "". */
static void mac_read(const char *dir, const char *ifname, char mac[18])
{
	char path[1300];
	FILE *f;

	mac[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s/address", dir, ifname);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(mac, 18, f) == NULL)
		mac[0] = '\0';
	fclose(f);
}

/* The `n`-th name in a directory, of those that begin with `prefix`. */
static bool entry_find(const char *dir, const char *prefix, size_t n, char name[PCI_NAME_MAX])
{
	struct dirent *entry;
	bool found = false;
	DIR *d = opendir(dir);

	while (d != NULL && !found && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		found = n-- == 0;
		snprintf(name, PCI_NAME_MAX, "%.*s", PCI_NAME_MAX - 1, entry->d_name);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/* The directory DEVICE/virtioN of a device that virtio-pci has. */
static bool virtio_dir(const struct pci_machine *m, const char *address, char *path, size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *d;

	if (pci_path(m, address, "", path, size) < 0)
		return false;
	d = opendir(path);
	while (d != NULL && !found && (entry = readdir(d)) != NULL) {
		size_t len = strlen(path);

		if (strncmp(entry->d_name, "virtio", 6) != 0)
			continue;
		found = snprintf(path + len, size - len, "/%s", entry->d_name) < (int)(size - len);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/* Where the interfaces are: DEVICE/net, for virtio DEVICE/virtioN/net. */
static bool interfaces_dir(const struct pci_machine *m, const char *address, char *dir, size_t size)
{
	char path[512];

	if (pci_path(m, address, "/net", dir, size) == 0 && access(dir, F_OK) == 0)
		return true;
	if (!virtio_dir(m, address, path, sizeof(path)))
		return false;
	return snprintf(dir, size, "%s/net", path) < (int)size && access(dir, F_OK) == 0;
}

bool pci_interface_find(const struct pci_machine *m, const char *address, char ifname[PCI_NAME_MAX],
			char mac[18])
{
	char dir[600];

	ifname[0] = '\0';
	if (!interfaces_dir(m, address, dir, sizeof(dir)) || !entry_find(dir, "", 0, ifname))
		return false;
	if (mac != NULL)
		mac_read(dir, ifname, mac);
	return true;
}

/* ---- finding a device by its MAC ---- */

/* Has this device an interface of that MAC, or had it one when we took it? */
static bool device_has_mac(const struct pci_machine *m, const char *address, const char *mac)
{
	char ifname[PCI_NAME_MAX], its[18];
	struct pci_record record;

	if (pci_interface_find(m, address, ifname, its))
		return strcmp(its, mac) == 0;
	return pci_record_read(m, address, &record) == 0 && strcmp(record.mac, mac) == 0;
}

static int locate_mac(const struct pci_machine *m, const char *mac, char address[PCI_ADDRESS_MAX],
		      char *why, size_t why_size)
{
	char path[512], candidate[PCI_ADDRESS_MAX];
	struct dirent *entry;
	unsigned int found = 0;
	DIR *d;

	pci_path(m, "", "", path, sizeof(path));
	d = opendir(path);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (pci_address_parse(entry->d_name, candidate) < 0 ||
		    !device_has_mac(m, candidate, mac))
			continue;
		memcpy(address, candidate, PCI_ADDRESS_MAX);
		found++;
	}
	if (d != NULL)
		closedir(d);
	if (found == 1)
		return 0;
	if (found == 0)
		snprintf(why, why_size,
			 "no network interface on a PCI device has the MAC %s; a device that no "
			 "kernel driver has is named by its PCI address (dpdk-devbind.py --status)",
			 mac);
	else
		snprintf(why, why_size,
			 "%u PCI devices have the MAC %s; name the one that is meant by its PCI "
			 "address (dpdk-devbind.py --status)",
			 found, mac);
	return found == 0 ? -ENODEV : -EEXIST;
}

int pci_locate(const struct pci_machine *m, const char *text, char address[PCI_ADDRESS_MAX],
	       char *why, size_t why_size)
{
	char mac[18];

	if (pci_address_parse(text, address) < 0) {
		if (pci_mac_parse(text, mac) == 0)
			return locate_mac(m, mac, address, why, why_size);
		snprintf(why, why_size, "\"%s\" is neither a PCI address nor a MAC", text);
		return -EINVAL;
	}
	if (exists(m, address, ""))
		return 0;
	snprintf(why, why_size, "there is no PCI device %s; dpdk-devbind.py --status lists them",
		 address);
	return -ENODEV;
}

/* ---- routes ---- */

enum route {
	ROUTE_NONE,
	ROUTE_SOME,
	ROUTE_DEFAULT,
};

/* Cut a line into its first `n` words; false if it has fewer. */
static bool words_cut(char *line, const char **word, size_t n)
{
	char *rest;

	for (size_t i = 0; i < n; i++) {
		word[i] = strtok_r(i == 0 ? line : NULL, "\t \n", &rest);
		if (word[i] == NULL)
			return false;
	}
	return true;
}

/* "IFNAME DESTINATION GATEWAY FLAGS REFCNT USE METRIC MASK ...", numbers in hexadecimal. */
static enum route route_v4(char *line, const char *ifname)
{
	const char *word[8];

	if (!words_cut(line, word, 8) || strcmp(word[0], ifname) != 0)
		return ROUTE_NONE;
	return strcmp(word[1], "00000000") == 0 && strcmp(word[7], "00000000") == 0 ? ROUTE_DEFAULT
										    : ROUTE_SOME;
}

/* "DESTINATION LENGTH SOURCE LENGTH NEXTHOP METRIC REFCNT USE FLAGS IFNAME". Every interface has
 * routes for link-local and multicast addresses.
 */
static enum route route_v6(char *line, const char *ifname)
{
	const char *word[10];

	if (!words_cut(line, word, 10) || strcmp(word[9], ifname) != 0)
		return ROUTE_NONE;
	if (strncmp(word[0], "fe8", 3) == 0 || strncmp(word[0], "ff", 2) == 0)
		return ROUTE_NONE;
	return strcmp(word[1], "00") == 0 ? ROUTE_DEFAULT : ROUTE_SOME;
}

static enum route routes_read(const struct pci_machine *m, const char *file, const char *ifname,
			      enum route (*judge)(char *line, const char *ifname))
{
	enum route most = ROUTE_NONE;
	char path[512], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/net/%s", m->proc, file);
	f = fopen(path, "re");
	if (f == NULL)
		return ROUTE_NONE;
	while (fgets(line, sizeof(line), f) != NULL) {
		enum route one = judge(line, ifname);

		most = one > most ? one : most;
	}
	fclose(f);
	return most;
}

static enum route interface_routes(const struct pci_machine *m, const char *ifname)
{
	enum route v4 = routes_read(m, "route", ifname, route_v4);
	enum route v6 = routes_read(m, "ipv6_route", ifname, route_v6);

	return v4 > v6 ? v4 : v6;
}

/* A bridge, a bond, a VLAN or a VRF stands on the interface, and routes go out of that. */
static bool upper_find(const char *dir, const char *ifname, char upper[PCI_NAME_MAX])
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", dir, ifname);
	if (!entry_find(path, "upper_", 0, upper))
		return false;
	memmove(upper, upper + strlen("upper_"), strlen(upper) - strlen("upper_") + 1);
	return true;
}

static int interface_check(const struct pci_machine *m, const char *address, const char *dir,
			   const char *ifname, bool stays, char *why, size_t why_size)
{
	enum route route = interface_routes(m, ifname);
	char upper[PCI_NAME_MAX];

	if (route == ROUTE_DEFAULT) {
		snprintf(why, why_size,
			 "PCI device %s is %s, which holds this machine's default route; it is not "
			 "taken",
			 address, ifname);
		return -EBUSY;
	}
	if (upper_find(dir, ifname, upper)) {
		snprintf(why, why_size,
			 "PCI device %s is %s, which %s stands on; it is not taken; as root: "
			 "ip link set dev %s nomaster, or delete %s",
			 address, ifname, upper, ifname, upper);
		return -EBUSY;
	}
	/* A driver that shares its device leaves the interface as it is. */
	if (route == ROUTE_NONE || stays)
		return 0;
	snprintf(why, why_size,
		 "PCI device %s is %s, which routes go out of; it is not taken; as root: "
		 "ip addr flush dev %s",
		 address, ifname, ifname);
	return -EBUSY;
}

int pci_device_check(const struct pci_machine *m, const char *address, enum pci_driver want,
		     char *why, size_t why_size)
{
	char dir[600], ifname[PCI_NAME_MAX];
	bool stays = pci_is_usable(m, address, want);
	int ret = 0;

	if (!exists(m, address, ""))
		return pci_locate(m, address, (char[PCI_ADDRESS_MAX]){ 0 }, why, why_size);
	if (!interfaces_dir(m, address, dir, sizeof(dir)))
		return 0;
	for (size_t i = 0; ret == 0 && entry_find(dir, "", i, ifname); i++)
		ret = interface_check(m, address, dir, ifname, stays, why, why_size);
	return ret;
}
