/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kinds that are devices of this machine: `virtio`, the virtio-net device of a guest (DPDK's
 * virtio-pmd), and `nic`, any other device that DPDK drives, named by PCI address or, for DPDK's
 * software devices, by arguments. What the configuration does not name is never touched: EAL's
 * allow-list matches nothing, and a named device is added afterwards.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "pci.h"
#include "port_ethdev.h"
#include "port_kinds.h"
#include "vnf_priv.h"

struct nic_spec {
	const char *address;
	const char *devargs;
};

static int check_address(const void *field, char *why, size_t why_size)
{
	const char *text = *(const char *const *)field;
	char address[PCI_ADDRESS_MAX];

	if (text[0] == '\0' || pci_address_parse(text, address) == 0)
		return 0;
	snprintf(why, why_size, "\"%s\" is not a PCI address, such as \"0000:00:03.0\"", text);
	return -EINVAL;
}

static const struct vnf_config_key virtio_keys[] = {
	{ .name = "address",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nic_spec, address),
	  .min = 1,
	  .check = check_address,
	  .doc = "PCI address, such as \"0000:00:03.0\"." },
	{ .name = NULL },
};

static const struct vnf_config_key nic_keys[] = {
	{ .name = "address",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nic_spec, address),
	  .check = check_address,
	  .doc = "PCI address, such as \"0000:00:03.0\"; this or devargs." },
	{ .name = "devargs",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nic_spec, devargs),
	  .max = 511,
	  .doc = "A DPDK device and its arguments, such as \"net_memif0,role=client\"; this or "
		 "address." },
	{ .name = NULL },
};

static void nic_check(struct vnf_config *file, const struct vnf_port_spec *spec)
{
	const struct nic_spec *nic = spec->kind_spec;

	if ((nic->address[0] != '\0') == (nic->devargs[0] != '\0'))
		vnf_config_error(file, &nic->address,
				 "a port of kind \"nic\" has either address or devargs");
}

/* An address in its long form, so that it is the same however it was written. */
static void nic_claims(const struct vnf_port_spec *port, struct vnf_claims *claims)
{
	const struct nic_spec *spec = port->kind_spec;
	char address[PCI_ADDRESS_MAX], name[600];
	bool pci = pci_address_parse(spec->address, address) == 0;

	if (pci)
		snprintf(name, sizeof(name), "device %s", address);
	else
		snprintf(name, sizeof(name), "device %.*s", (int)strcspn(spec->devargs, ","),
			 spec->devargs);
	vnf_claim_name(claims, pci ? &spec->address : &spec->devargs, name, name);
}

static void nic_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	const struct nic_spec *spec = port->spec->kind_spec;
	char address[PCI_ADDRESS_MAX];

	ethdev_need(port, need);
	if (pci_address_parse(spec->address, address) < 0)
		return;
	need->pci = true;
	need->iova_pa = pci_needs_pa("/sys", address);
}

static int nic_attach(struct vnf_port *port, struct ethdev *dev, const struct nic_spec *spec)
{
	char name[512], why[WHY_MAX];
	int ret;

	if (spec->devargs[0] != '\0') {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(spec->devargs, ","),
			 spec->devargs);
		return ethdev_open(port, dev, name, spec->devargs);
	}
	pci_address_parse(spec->address, name);
	ret = pci_device_check("/sys", "/proc", name, why, sizeof(why));
	if (ret < 0) {
		vnf_error("port \"%s\": %s", port->name, why);
		return ret;
	}
	return ethdev_open(port, dev, name, name);
}

static int nic_open(struct vnf_port *port)
{
	const struct nic_spec *spec = port->spec->kind_spec;
	struct ethdev *dev = calloc(1, sizeof(*dev));
	int ret;

	if (dev == NULL)
		return -ENOMEM;
	dev->ring = ETHDEV_RING;
	ret = nic_attach(port, dev, spec);
	if (ret == 0)
		return 0;
	vnf_error("port \"%s\": %s could not be opened: %s; -v shows DPDK's own messages",
		  port->name, spec->address[0] != '\0' ? spec->address : spec->devargs,
		  strerror(-ret));
	if (dev->attached)
		rte_eth_dev_close(dev->port_id);
	port->priv = NULL;
	free(dev);
	return ret;
}

static void nic_close(struct vnf_port *port)
{
	ethdev_close(port);
	free(port->priv);
	port->priv = NULL;
}

const struct vnf_port_kind vnf_port_kind_virtio = {
	.name = "virtio",
	.doc = "virtio-net device of this virtual machine, by DPDK's virtio driver",
	.keys = virtio_keys,
	.spec_size = sizeof(struct nic_spec),
	.flags = VNF_KIND_ETHDEV,
	.queues_max = VNF_QUEUES_MAX,
	.claims = nic_claims,
	.need = nic_need,
	.open = nic_open,
	.start = ethdev_start,
	.poll = ethdev_poll,
	.missed = ethdev_missed,
	.stop = ethdev_stop,
	.close = nic_close,
};

const struct vnf_port_kind vnf_port_kind_nic = {
	.name = "nic",
	.doc = "network card, or another device that DPDK drives",
	.keys = nic_keys,
	.spec_size = sizeof(struct nic_spec),
	.flags = VNF_KIND_ETHDEV,
	.queues_max = VNF_QUEUES_MAX,
	.check = nic_check,
	.claims = nic_claims,
	.need = nic_need,
	.open = nic_open,
	.start = ethdev_start,
	.poll = ethdev_poll,
	.missed = ethdev_missed,
	.stop = ethdev_stop,
	.close = nic_close,
};
