/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What a guest's rings look like from here, and what follows from it. Two faults of a guest's
 * set-up are silent otherwise: memory that is not shared, so that we see other pages than the guest
 * writes, and a packed ring whose position was lost with an earlier switch.
 *
 * Pure; the caller sees to it that the memory is there. See virtio 1.2, 2.7 and 2.8, for the rings.
 */
#ifndef HSW_VHOST_RINGS_H
#define HSW_VHOST_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vring_avail;
struct vring_used;

/* Octets of a descriptor, split or packed. */
#define HSW_RING_DESCRIPTOR 16
/* Position of a packed ring that nobody has used yet: index 0, wrap counter 1. */
#define HSW_RING_FRESH 0x8000u
/*
 * Signals that are the guest's in any case. QEMU makes the descriptor with one in it, which no
 * guest has sent.
 */
#define HSW_RING_KICKS_MIN 2

/* A ring in guest memory as it is mapped here. */
struct hsw_ring {
	const void *descriptors;         /* NULL: the guest does not use the ring. */
	const struct vring_avail *avail; /* NULL in a packed ring, as is the next. */
	const struct vring_used *used;
	uint32_t num; /* Descriptors. */
};

/*
 * Has no driver ever put a buffer into the ring? Its indices say 0 after every 65,536 buffers as
 * well, but descriptors are never cleared; the first ones are used first.
 */
bool hsw_ring_is_untouched(const struct hsw_ring *ring);

/*
 * Does a packed ring bear a device's marks? Until the device has used a descriptor, all that its
 * driver wrote has the USED flag clear. `descriptors` are 16 octets each.
 */
bool hsw_ring_was_used(const void *descriptors, uint32_t num);

/* Signals waiting at an eventfd, from its /proc/self/fdinfo; 0 if it is none. */
uint64_t hsw_ring_kicks(const char *fdinfo);

enum hsw_sharing {
	HSW_SHARING_UNKNOWN,
	HSW_SHARING_YES,
	HSW_SHARING_NO,
};

/* Does the guest write where we read? Decided once per connection. */
struct hsw_sharing_test {
	uint32_t result;       /* enum hsw_sharing; also read by telemetry. */
	uint64_t suspected_ns; /* When it began to look as if not; 0: it does not. */
};

/*
 * A look at all of a guest's rings at `now_ns` (not 0): `untouched` if none bears a sign of a
 * driver, `kicks` are the most signals at one of them. True if it has just become certain that the
 * memory is not shared: the guest has signalled for a second what we do not see.
 */
bool hsw_sharing_look(struct hsw_sharing_test *test, bool untouched, uint64_t kicks,
		      uint64_t now_ns);

#endif
