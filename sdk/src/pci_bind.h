/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * Takes one PCI device from the kernel for DPDK, and gives it back. By driver_override, which names
 * a driver for this device alone: new_id would hand over every device of the model.
 *
 * What was taken is recorded in RUN/ADDRESS.device, so that after a crash the device is still found
 * by its MAC and still knows the driver it came from. The record is locked while it is in use: two
 * programs on one device would overwrite each other's rings. Control thread.
 */
#ifndef VNF_PCI_BIND_H
#define VNF_PCI_BIND_H

#include "pci.h"

struct pci_record {
	char driver[PCI_NAME_MAX]; /* it came from; "" = none */
	char mac[18];              /* of its interface then; "" = it had none */
};

/* A device that this process has. */
struct pci_binding {
	char address[PCI_ADDRESS_MAX]; /* "" = nothing is held */
	struct pci_record was;
	bool bound;  /* by this process, now */
	int lock_fd; /* of the record, or negative */
};

/* 0, or -errno if there is none. */
int pci_record_read(const struct pci_machine *m, const char *address, struct pci_record *record);
/* Have the device named `text` (address or MAC) bound to a driver that DPDK can use. 0, or -errno
 * with a sentence in `why`, and all is as it was.
 */
int pci_take(const struct pci_machine *m, const char *text, enum pci_driver want,
	     struct pci_binding *binding, char *why, size_t why_size);
/* End the use of the device; with `restore` give it to the driver that it came from. 0, or -errno
 * with a sentence in `why`. Without a device it does nothing.
 */
int pci_release(const struct pci_machine *m, struct pci_binding *binding, bool restore, char *why,
		size_t why_size);

#endif
