/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What the kernel says of a PCI device, before DPDK is let near it: the kinds virtio and nic take
 * nothing that the configuration does not name, and nothing that the machine itself needs. No DPDK
 * calls. Control thread.
 */
#ifndef VNF_PCI_H
#define VNF_PCI_H

#include <stdbool.h>
#include <stddef.h>

/* "0000:00:03.0" */
#define PCI_ADDRESS_MAX 16

/* Bring "00:03.0" or "0000:00:03.0" into the long form; -EINVAL if it is neither. */
int pci_address_parse(const char *text, char address[PCI_ADDRESS_MAX]);
/* Is it bound to a driver that needs physical addresses (uio), or to vfio without an IOMMU? */
bool pci_needs_pa(const char *sysfs, const char *address);
/* May DPDK have it? 0, or -errno with a sentence in `why`: not there, used by the kernel, the
 * machine's own way to the network, not bound to a driver that DPDK can use. `sysfs` and `proc` are
 * "/sys" and "/proc", or a test's.
 */
int pci_device_check(const char *sysfs, const char *proc, const char *address, char *why,
		     size_t why_size);

#endif
