/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the kernel says of a PCI device, before DPDK is let near it: the kinds virtio and nic take
 * nothing that the configuration does not name, and nothing that the machine itself needs. Reads
 * only; pci_bind.h is what changes. No DPDK calls. Control thread.
 */
#ifndef VNF_PCI_H
#define VNF_PCI_H

#include <stdbool.h>
#include <stddef.h>

/* "0000:00:03.0" */
#define PCI_ADDRESS_MAX 16
/* Name of a kernel driver, or of an interface. */
#define PCI_NAME_MAX 64

/* Where to look: this machine, or a test's. */
struct pci_machine {
	const char *sysfs; /* "/sys" */
	const char *proc;  /* "/proc" */
	const char *run;   /* where records of devices taken are kept, "/run/vnfkit" */
};

extern const struct pci_machine pci_this_machine;

/* The driver by which DPDK shall have a device. */
enum pci_driver {
	PCI_DRIVER_AUTO, /* vfio-pci where there is an IOMMU, else uio_pci_generic */
	PCI_DRIVER_KEEP, /* the one it has */
	PCI_DRIVER_UIO,
	PCI_DRIVER_VFIO,
};

/* Bring "00:03.0" or "0000:00:03.0" into the long form; -EINVAL if it is neither. */
int pci_address_parse(const char *text, char address[PCI_ADDRESS_MAX]);
/* Bring a MAC address into the kernel's form; -EINVAL if it is none. */
int pci_mac_parse(const char *text, char mac[18]);
/* Find the device that is named by a PCI address, or by the MAC of an interface that the kernel has
 * on it, or had before we took it. 0, or -errno with a sentence in `why`.
 */
int pci_locate(const struct pci_machine *m, const char *text, char address[PCI_ADDRESS_MAX],
	       char *why, size_t why_size);
/* Name of the bound driver; "" if there is none. */
void pci_driver_read(const struct pci_machine *m, const char *address, char driver[PCI_NAME_MAX]);
/* The driver that a device ends up with. */
const char *pci_driver_choose(const struct pci_machine *m, const char *address,
			      enum pci_driver want);
/* May DPDK have the device as it is bound now? */
bool pci_is_usable(const struct pci_machine *m, const char *address, enum pci_driver want);
/* Is this a driver that hands devices to processes? Not the one that a device came from. */
bool pci_driver_hands_over(const char *driver);
/* Will DPDK need physical addresses for it (uio, or vfio without an IOMMU)? */
bool pci_needs_pa(const struct pci_machine *m, const char *address, enum pci_driver want);
/* A kernel interface of the device, and its MAC if `mac` is not NULL; false if there is none. */
bool pci_interface_find(const struct pci_machine *m, const char *address, char ifname[PCI_NAME_MAX],
			char mac[18]);
/* Is it there, and not this machine's way to the network? 0, or -errno with a sentence in `why`. */
int pci_device_check(const struct pci_machine *m, const char *address, enum pci_driver want,
		     char *why, size_t why_size);
/* sysfs path of a device, or of what is below it. 0 or -ENAMETOOLONG. */
int pci_path(const struct pci_machine *m, const char *address, const char *tail, char *path,
	     size_t size);

#endif
