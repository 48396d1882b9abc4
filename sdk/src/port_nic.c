/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Port kinds that are devices of this machine: `virtio`, the virtio-net device of a guest (DPDK's
 * virtio-pmd), and `nic`, any other device that DPDK drives, named by PCI address or, for DPDK's
 * software devices, by arguments. What the configuration does not name is never touched: EAL's
 * allow-list matches nothing, a driver is bound to the named device alone and that device added
 * afterwards.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

#include "pci_bind.h"
#include "pci_virtio.h"
#include "port_ethdev.h"
#include "port_kinds.h"
#include "vnf_priv.h"

struct nic_spec {
	const char *address; /* PCI address, or MAC of the interface that the kernel has on it */
	const char *devargs; /* "" for virtio */
	uint32_t driver;     /* enum pci_driver */
	uint32_t offloads;   /* enum vnf_offloads */
	bool restore;
};

/* The ethdev comes first: what the kinds of DPDK devices share knows no more. */
struct nic {
	struct ethdev dev;
	struct pci_binding binding;
	bool opened;        /* at least once */
	bool may_be_packed; /* the rings of a virtio device */
	uint32_t was_down;  /* its link went down, and nothing was done about it yet; stored by
			     * DPDK's interrupt thread too
			     */
};

static const char *const driver_words[] = { "auto", "keep", "uio_pci_generic", "vfio-pci", NULL };

static int check_address(const void *field, char *why, size_t why_size)
{
	const char *text = *(const char *const *)field;
	char address[PCI_ADDRESS_MAX], mac[18];

	if (text[0] == '\0' || pci_address_parse(text, address) == 0 ||
	    pci_mac_parse(text, mac) == 0)
		return 0;
	snprintf(why, why_size,
		 "\"%s\" is neither a PCI address, such as \"0000:00:03.0\", nor a MAC", text);
	return -EINVAL;
}

/* End of the argument that begins here: commas in brackets are the value's. */
static const char *devarg_end(const char *arg)
{
	int depth = 0;

	for (; *arg != '\0' && (*arg != ',' || depth > 0); arg++)
		depth += (*arg == '[' || *arg == '(') - (*arg == ']' || *arg == ')');
	return arg;
}

/* DPDK's devices that take a key several times, as a list. */
static bool devargs_repeat(const char *devargs)
{
	static const char *const names[] = { "net_pcap", "eth_pcap", "net_bonding",
					     "net_failsafe" };

	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (strncmp(devargs, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* Most drivers ignore a key that is given twice, without a word: both times. */
static int check_devargs(const void *field, char *why, size_t why_size)
{
	const char *devargs = *(const char *const *)field;
	const char *arg = devarg_end(devargs);

	if (devargs_repeat(devargs))
		return 0;
	while (*arg == ',') {
		size_t len = strcspn(++arg, "=,");
		const char *other = devarg_end(arg);

		for (; *other == ','; other = devarg_end(other + 1)) {
			if (strncmp(other + 1, arg, len) != 0 || strcspn(other + 1, "=,") != len)
				continue;
			snprintf(why, why_size,
				 "\"%.*s\" is given twice, which DPDK ignores; give it once",
				 (int)RTE_MIN(len, 40u), arg);
			return -EINVAL;
		}
		arg = devarg_end(arg);
	}
	return 0;
}

#define ADDRESS_DOC                                                                                \
	"PCI address, such as \"0000:00:03.0\", or the MAC of the kernel's interface on it"
#define DRIVER_KEYS                                                                                \
	{ .name = "driver",                                                                        \
	  .type = VNF_CONFIG_ENUM,                                                                 \
	  .offset = offsetof(struct nic_spec, driver),                                             \
	  .choices = driver_words,                                                                 \
	  .def = "auto",                                                                           \
	  .doc = "Kernel driver that hands the device over; it is bound at start. auto: vfio-pci " \
		 "behind an IOMMU, else uio_pci_generic; keep: change nothing." },                 \
	{                                                                                          \
		.name = "restore", .type = VNF_CONFIG_BOOL,                                        \
		.offset = offsetof(struct nic_spec, restore), .def = "false",                      \
		.doc = "Give the device back to the kernel's driver at stop."                      \
	}

static const struct vnf_config_key virtio_keys[] = {
	{ .name = "address",
	  .type = VNF_CONFIG_STRING,
	  .flags = VNF_CONFIG_REQUIRED,
	  .offset = offsetof(struct nic_spec, address),
	  .min = 1,
	  .check = check_address,
	  .doc = ADDRESS_DOC "." },
	DRIVER_KEYS,
	VNF_OFFLOADS_KEY(struct nic_spec, offloads, "none"),
	{ .name = NULL },
};

static const struct vnf_config_key nic_keys[] = {
	{ .name = "address",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nic_spec, address),
	  .check = check_address,
	  .doc = ADDRESS_DOC "; this or devargs." },
	{ .name = "devargs",
	  .type = VNF_CONFIG_STRING,
	  .offset = offsetof(struct nic_spec, devargs),
	  .max = 511,
	  .check = check_devargs,
	  .doc = "A DPDK device and its arguments, such as \"net_memif0,role=client\"; this or "
		 "address." },
	DRIVER_KEYS,
	VNF_OFFLOADS_KEY(struct nic_spec, offloads, "none"),
	{ .name = NULL },
};

int port_virtio_spec(const char *address, void **spec, char *why, size_t why_size)
{
	struct nic_spec *made;

	if (address[0] == '\0') {
		snprintf(why, why_size, "a PCI address or a MAC must follow the =");
		return -EINVAL;
	}
	if (check_address(&address, why, why_size) < 0)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	made->address = address;
	made->devargs = "";
	*spec = made;
	return 0;
}

void port_virtio_set_offloads(void *spec, uint32_t offloads)
{
	((struct nic_spec *)spec)->offloads = offloads;
}

static void nic_check(struct vnf_config *file, const struct vnf_port_spec *spec)
{
	const struct nic_spec *nic = spec->kind_spec;

	if ((nic->address[0] != '\0') == (nic->devargs[0] != '\0'))
		vnf_config_error(file, &nic->address,
				 "a port of kind \"nic\" has either address or devargs");
}

/* The virtio kind has no key `devargs`. */
static const char *devargs_of(const struct nic_spec *spec)
{
	return spec->devargs != NULL ? spec->devargs : "";
}

/* An address in its long form, so that it is the same however it was written. */
static void nic_claims(const struct vnf_port_spec *port, struct vnf_claims *claims)
{
	const struct nic_spec *spec = port->kind_spec;
	char address[PCI_ADDRESS_MAX], why[WHY_MAX], name[600];
	bool pci = spec->address[0] != '\0';

	if (!pci)
		snprintf(name, sizeof(name), "device %.*s", (int)strcspn(devargs_of(spec), ","),
			 devargs_of(spec));
	else if (pci_address_parse(spec->address, address) == 0 ||
		 pci_locate(&pci_this_machine, spec->address, address, why, sizeof(why)) == 0)
		snprintf(name, sizeof(name), "device %s", address);
	else
		snprintf(name, sizeof(name), "device %.32s", spec->address);
	vnf_claim_name(claims, pci ? &spec->address : &spec->devargs, name, name);
}

static void nic_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	const struct nic_spec *spec = port->spec->kind_spec;
	char address[PCI_ADDRESS_MAX], why[WHY_MAX];

	ethdev_need(port, need);
	if (spec->address[0] == '\0')
		return;
	need->pci = true;
	if (pci_locate(&pci_this_machine, spec->address, address, why, sizeof(why)) == 0)
		need->iova_pa = pci_needs_pa(&pci_this_machine, address, spec->driver);
}

/* A virtio device that lacks VIRTIO_F_ACCESS_PLATFORM goes around the IOMMU it stands behind, and
 * one that has it can do with physical addresses too.
 */
static void virtio_need(const struct vnf_port *port, struct vnf_port_need *need)
{
	const struct nic_spec *spec = port->spec->kind_spec;

	nic_need(port, need);
	need->iova_pa = true;
	if (spec->offloads == VNF_OFFLOADS_TSO)
		ethdev_need_tso(port, need);
}

static int nic_prepare(struct vnf_port *port)
{
	const struct nic_spec *spec = port->spec->kind_spec;
	struct nic *nic = port->priv;
	char why[WHY_MAX];
	int ret;

	if (spec->address[0] == '\0')
		return 0;
	ret = pci_take(&pci_this_machine, spec->address, spec->driver, &nic->binding, why,
		       sizeof(why));
	if (ret < 0) {
		vnf_error("port \"%s\": %s", port->name, why);
		return ret;
	}
	pci_driver_read(&pci_this_machine, nic->binding.address, why);
	vnf_info("port \"%s\": PCI device %s by %s", port->name, nic->binding.address, why);
	return 0;
}

static void nic_restore(struct vnf_port *port)
{
	const struct nic_spec *spec = port->spec->kind_spec;
	struct nic *nic = port->priv;
	/* A start that failed leaves nothing changed. */
	bool restore = spec->restore || (nic->binding.bound && !nic->opened);
	char why[WHY_MAX];

	if (pci_release(&pci_this_machine, &nic->binding, restore, why, sizeof(why)) < 0)
		vnf_error("port \"%s\": %s", port->name, why);
}

/* The address is the device's own, unless the file has one. */
static void mac_settle(struct vnf_port *port, struct ethdev *dev)
{
	static const uint8_t unset[sizeof(port->spec->mac)];
	struct rte_ether_addr mac;
	int ret;

	if (rte_eth_macaddr_get(dev->port_id, &mac) < 0 || rte_is_same_ether_addr(&mac, &port->mac))
		return;
	if (memcmp(port->spec->mac, unset, sizeof(unset)) == 0) {
		port->mac = mac;
		return;
	}
	ret = rte_eth_dev_default_mac_addr_set(dev->port_id, &port->mac);
	if (ret < 0)
		vnf_log_limited(&dev->limit, VNF_LOG_WARNING,
				"port \"%s\": the device keeps its own MAC, " RTE_ETHER_ADDR_PRT_FMT
				": %s",
				port->name, RTE_ETHER_ADDR_BYTES(&mac), rte_strerror(-ret));
}

static int nic_open(struct vnf_port *port)
{
	const struct nic_spec *spec = port->spec->kind_spec;
	struct nic *nic = port->priv;
	char name[512];
	int ret;

	nic->dev.ring = ETHDEV_RING;
	nic->dev.offloads = spec->offloads;
	nic->dev.spreads = true;
	nic->dev.virtual_peer = port->kind == &vnf_port_kind_virtio;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(devargs_of(spec), ","), devargs_of(spec));
	if (nic->binding.address[0] != '\0')
		ret = ethdev_open(port, &nic->dev, nic->binding.address, nic->binding.address);
	else
		ret = ethdev_open(port, &nic->dev, name, spec->devargs);
	if (ret == 0) {
		mac_settle(port, &nic->dev);
		nic->opened = true;
		return 0;
	}
	vnf_error("port \"%s\": %s could not be opened: %s; -v shows DPDK's own messages",
		  port->name, spec->address[0] != '\0' ? spec->address : spec->devargs,
		  strerror(-ret));
	ethdev_remove(&nic->dev);
	return ret;
}

/* A link that is down and up again between two polls is seen here. DPDK's interrupt thread. */
static int link_changed(uint16_t port_id, enum rte_eth_event_type type, void *arg, void *unused)
{
	struct rte_eth_link link;
	struct nic *nic = arg;

	(void)type;
	(void)unused;
	if (rte_eth_link_get_nowait(port_id, &link) == 0 && link.link_status == RTE_ETH_LINK_DOWN)
		__atomic_store_n(&nic->was_down, 1, __ATOMIC_RELAXED);
	return 0;
}

/* The driver takes packed rings whenever they are offered. */
static int virtio_open(struct vnf_port *port)
{
	struct nic *nic = port->priv;
	int ret = nic_open(port);

	if (ret < 0)
		return ret;
	rte_eth_dev_callback_register(nic->dev.port_id, RTE_ETH_EVENT_INTR_LSC, link_changed, nic);
	nic->may_be_packed = pci_virtio_offers(&pci_this_machine, nic->binding.address,
					       PCI_VIRTIO_F_PACKED) != 0;
	return 0;
}

static void nic_close(struct vnf_port *port)
{
	ethdev_remove(port->priv);
}

/* QEMU loses the position of packed rings when the switch behind it ends: after the next one has
 * come, only a reset of the device helps. Split rings go on where they were.
 */
static void virtio_poll(struct vnf_port *port)
{
	struct nic *nic = port->priv;
	bool was_up = vnf_port_is_up(port);

	ethdev_poll(port);
	if (was_up && !vnf_port_is_up(port))
		__atomic_store_n(&nic->was_down, 1, __ATOMIC_RELAXED);
	if (!vnf_port_is_up(port) || __atomic_exchange_n(&nic->was_down, 0, __ATOMIC_RELAXED) == 0)
		return;
	if (!nic->may_be_packed)
		return;
	vnf_log_limited(
		&nic->dev.limit, VNF_LOG_NOTICE,
		"port \"%s\": the link is back; resetting the device, for packed rings do not "
		"survive a new switch",
		port->name);
	__atomic_store_n(&port->broken, 1, __ATOMIC_RELEASE);
}

/* What is negotiated is the host's to choose: no key of ours is about it. */
static void virtio_explain(const struct vnf_port *port, struct vnf_port_path *path)
{
	struct virtio_path chosen;

	ethdev_explain_virtio(port, path, &chosen);
}

const struct vnf_port_kind vnf_port_kind_virtio = {
	.name = "virtio",
	.doc = "virtio-net device of this virtual machine, by DPDK's virtio driver",
	.keys = virtio_keys,
	.spec_size = sizeof(struct nic_spec),
	.priv_size = sizeof(struct nic),
	.flags = VNF_KIND_ETHDEV | VNF_KIND_SPREADS,
	.queues_max = VNF_QUEUES_MAX,
	.claims = nic_claims,
	.need = virtio_need,
	.prepare = nic_prepare,
	.open = virtio_open,
	.start = ethdev_start,
	.spread = ethdev_spread,
	.poll = virtio_poll,
	.missed = ethdev_missed,
	.explain = virtio_explain,
	.stop = ethdev_stop,
	.close = nic_close,
	.restore = nic_restore,
};

const struct vnf_port_kind vnf_port_kind_nic = {
	.name = "nic",
	.doc = "network card, or another device that DPDK drives",
	.keys = nic_keys,
	.spec_size = sizeof(struct nic_spec),
	.priv_size = sizeof(struct nic),
	.flags = VNF_KIND_ETHDEV | VNF_KIND_SPREADS,
	.queues_max = VNF_QUEUES_MAX,
	.check = nic_check,
	.claims = nic_claims,
	.need = nic_need,
	.prepare = nic_prepare,
	.open = nic_open,
	.start = ethdev_start,
	.spread = ethdev_spread,
	.poll = ethdev_poll,
	.missed = ethdev_missed,
	.explain = ethdev_explain,
	.stop = ethdev_stop,
	.close = nic_close,
	.restore = nic_restore,
};
