/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a virtio device on PCI offers, read from the device itself: DPDK tells nobody. Control
 * thread, of a device that this process has and that is not being configured.
 */
#ifndef VNF_PCI_VIRTIO_H
#define VNF_PCI_VIRTIO_H

#include "pci.h"

/* VIRTIO_F_RING_PACKED */
#define PCI_VIRTIO_F_PACKED 34

/* Does the device offer the feature bit? 1 yes, 0 no, -1 it cannot be read. */
int pci_virtio_offers(const struct pci_machine *m, const char *address, unsigned int bit);

#endif
