/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * See pci_virtio.h. The layout is that of virtio 1.2, 4.1.4: a vendor-specific PCI capability says
 * in which BAR, and where in it, the common configuration is.
 */

#include "pci_virtio.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCI_CONFIG_SIZE 256
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_ID_VENDOR 0x09
#define VIRTIO_PCI_CAP_SIZE 16
#define VIRTIO_PCI_CAP_COMMON_CFG 1
#define PAGE 4096u

/* virtio_pci_common_cfg, its beginning. */
struct common_cfg {
	uint32_t device_feature_select;
	uint32_t device_feature;
};

static int config_read(const struct pci_machine *m, const char *address,
		       uint8_t config[PCI_CONFIG_SIZE])
{
	char path[512];
	ssize_t n;
	int fd;

	if (pci_path(m, address, "/config", path, sizeof(path)) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, config, PCI_CONFIG_SIZE);
	close(fd);
	return n == PCI_CONFIG_SIZE ? 0 : -1;
}

/* The capability that leads to the common configuration; 0: none, as in legacy devices. */
static unsigned int common_find(const uint8_t config[PCI_CONFIG_SIZE])
{
	unsigned int at = config[PCI_CAPABILITIES] & ~3u;

	/* As many as there is room for; a list that goes in a circle ends too. */
	for (unsigned int i = 0; i < PCI_CONFIG_SIZE / VIRTIO_PCI_CAP_SIZE; i++) {
		if (at == 0 || at + VIRTIO_PCI_CAP_SIZE > PCI_CONFIG_SIZE)
			return 0;
		if (config[at] == PCI_CAP_ID_VENDOR && config[at + 3] == VIRTIO_PCI_CAP_COMMON_CFG)
			return at;
		at = config[at + 1] & ~3u;
	}
	return 0;
}

static int feature_read(const char *path, uint32_t offset, unsigned int bit)
{
	volatile struct common_cfg *cfg;
	uint8_t *page;
	int fd, ret;

	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return -1;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset & ~(PAGE - 1));
	close(fd);
	if (page == MAP_FAILED)
		return -1;
	cfg = (volatile struct common_cfg *)(void *)(page + (offset & (PAGE - 1)));
	cfg->device_feature_select = bit / 32;
	ret = (cfg->device_feature >> (bit % 32)) & 1;
	munmap(page, PAGE);
	return ret;
}

int pci_virtio_offers(const struct pci_machine *m, const char *address, unsigned int bit)
{
	uint8_t config[PCI_CONFIG_SIZE];
	char tail[32], path[512];
	unsigned int cap;
	uint32_t offset;

	if (config_read(m, address, config) < 0)
		return -1;
	cap = common_find(config);
	/* Legacy devices have the first 32 bits only. */
	if (cap == 0)
		return bit < 32 ? -1 : 0;
	offset = config[cap + 8] | (uint32_t)config[cap + 9] << 8 |
		 (uint32_t)config[cap + 10] << 16 | (uint32_t)config[cap + 11] << 24;
	snprintf(tail, sizeof(tail), "/resource%u", config[cap + 4]);
	if (config[cap + 4] > 5 || offset % sizeof(uint32_t) != 0 ||
	    (offset & (PAGE - 1)) > PAGE - sizeof(struct common_cfg) ||
	    pci_path(m, address, tail, path, sizeof(path)) < 0)
		return -1;
	return feature_read(path, offset, bit);
}
