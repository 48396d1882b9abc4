/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The vnfkit authors
 *
 * What all headers of a test packet have in common: their place, what follows them, payload, and
 * what a test wants to be wrong. See vnf/test.h and packet.h; packet_finish.c completes the packet.
 */

#include "packet.h"

#include <errno.h>
#include <string.h>

/* Not the data, which is long and written when it is appended. */
void vnf_tp_forget(struct vnf_test_packet *p)
{
	memset(&p->len, 0, sizeof(*p) - offsetof(struct vnf_test_packet, len));
}

void vnf_tp_fail(struct vnf_test_packet *p, const char *where, int error)
{
	if (p->error != 0)
		return;
	p->error = error;
	p->failed = where;
}

bool vnf_tp_good(struct vnf_test_packet *p, const char *where)
{
	if (p->n_layers == 0)
		vnf_tp_fail(p, where, -EINVAL);
	return p->error == 0;
}

uint8_t *vnf_tp_append(struct vnf_test_packet *p, const char *where, uint32_t bytes)
{
	uint8_t *at = p->data + p->bytes;

	if (!vnf_tp_good(p, where))
		return NULL;
	if (bytes > VNF_TEST_PACKET_MAX - p->bytes) {
		vnf_tp_fail(p, where, -EMSGSIZE);
		return NULL;
	}
	memset(at, 0, bytes);
	p->bytes += bytes;
	return at;
}

/* ---- fields ---- */

struct tp_field vnf_tp_next_field(uint8_t kind)
{
	static const struct tp_field fields[] = {
		[TP_ETH] = { 12, 2 }, [TP_VLAN] = { 2, 2 },     [TP_IPV4] = { 9, 1 },
		[TP_IPV6] = { 6, 1 }, [TP_IPV6_EXT] = { 0, 1 }, [TP_ICMPV6] = { 0, 0 },
	};

	return fields[kind];
}

struct tp_field vnf_tp_length_field(uint8_t kind)
{
	static const struct tp_field fields[] = {
		[TP_IPV4] = { 2, 2 },
		[TP_IPV6] = { 4, 2 },
		[TP_UDP] = { 4, 2 },
		[TP_ICMPV6] = { 0, 0 },
	};

	return fields[kind];
}

struct tp_field vnf_tp_checksum_field(uint8_t kind)
{
	static const struct tp_field fields[] = {
		[TP_IPV4] = { 10, 2 }, [TP_UDP] = { 6, 2 },    [TP_TCP] = { 16, 2 },
		[TP_ICMP] = { 2, 2 },  [TP_ICMPV6] = { 2, 2 },
	};

	return fields[kind];
}

/* ---- headers ---- */

static struct vnf_test_layer *layer_last(struct vnf_test_packet *p)
{
	return &p->layer[p->n_layers - 1];
}

static void next_put(struct vnf_test_packet *p, const struct vnf_test_layer *layer, uint16_t type)
{
	struct tp_field f = vnf_tp_next_field(layer->kind);
	uint8_t *at = p->data + layer->at + f.offset;

	if (f.bytes == 2)
		tp_put16(at, type);
	else
		*at = (uint8_t)type;
}

/* Let the last header say what follows; false if that cannot. */
static bool next_tell(struct vnf_test_packet *p, struct tp_type type)
{
	const struct vnf_test_layer *last = layer_last(p);
	struct tp_field f = vnf_tp_next_field(last->kind);
	int value = f.bytes == 2 ? type.ether : type.proto;

	/* Between a header and the next there is no payload. */
	if (f.bytes == 0 || value == TP_NOWHERE || last->at + last->bytes != p->bytes)
		return false;
	if (!last->next_set)
		next_put(p, last, (uint16_t)value);
	return true;
}

uint8_t *vnf_tp_add(struct vnf_test_packet *p, const char *where, enum tp_kind kind, uint32_t bytes,
		    struct tp_type type)
{
	uint8_t *at;

	if (!vnf_tp_good(p, where))
		return NULL;
	if (p->n_layers == VNF_TEST_LAYERS_MAX) {
		vnf_tp_fail(p, where, -E2BIG);
		return NULL;
	}
	if (!next_tell(p, type)) {
		vnf_tp_fail(p, where, -EINVAL);
		return NULL;
	}
	at = vnf_tp_append(p, where, bytes);
	if (at == NULL)
		return NULL;
	p->layer[p->n_layers++] = (struct vnf_test_layer){
		.kind = (uint8_t)kind,
		.at = (uint16_t)(at - p->data),
		.bytes = (uint16_t)bytes,
	};
	return at;
}

uint8_t *vnf_tp_last(struct vnf_test_packet *p, const char *where, enum tp_kind kind)
{
	if (!vnf_tp_good(p, where))
		return NULL;
	if (layer_last(p)->kind == kind)
		return p->data + layer_last(p)->at;
	vnf_tp_fail(p, where, -EINVAL);
	return NULL;
}

uint8_t *vnf_tp_options(struct vnf_test_packet *p, const char *where, enum tp_kind kind,
			uint32_t fixed, const void *options, uint32_t bytes)
{
	uint8_t *header = vnf_tp_last(p, where, kind), *at;
	struct vnf_test_layer *last;

	if (header == NULL)
		return NULL;
	last = layer_last(p);
	if (bytes % 4 != 0 || bytes > fixed + 40 - last->bytes ||
	    last->at + last->bytes != p->bytes) {
		vnf_tp_fail(p, where, -EINVAL);
		return NULL;
	}
	at = vnf_tp_append(p, where, bytes);
	if (at == NULL)
		return NULL;
	if (options != NULL)
		memcpy(at, options, bytes);
	else
		memset(at, 1, bytes);
	last->bytes = (uint16_t)(last->bytes + bytes);
	return header;
}

static bool is_ip(const struct vnf_test_layer *layer)
{
	return layer->kind == TP_IPV4 || layer->kind == TP_IPV6;
}

const struct vnf_test_layer *vnf_tp_ip(const struct vnf_test_packet *p, uint16_t n)
{
	while (n-- > 0)
		if (is_ip(&p->layer[n]))
			return &p->layer[n];
	return NULL;
}

bool vnf_tp_over_ipv6(const struct vnf_test_packet *p)
{
	const struct vnf_test_layer *ip = vnf_tp_ip(p, p->n_layers);

	return ip != NULL && ip->kind == TP_IPV6;
}

const struct vnf_test_layer *vnf_tp_outer_ip(const struct vnf_test_packet *p)
{
	for (uint16_t i = 0; p->error == 0 && p->len > 0 && i < p->n_layers; i++)
		if (is_ip(&p->layer[i]))
			return &p->layer[i];
	return NULL;
}

/* ---- payload ---- */

void vnf_test_payload(struct vnf_test_packet *p, uint32_t bytes)
{
	uint8_t *at = vnf_tp_append(p, __func__, bytes);

	for (uint32_t i = 0; at != NULL && i < bytes; i++)
		at[i] = (uint8_t)i;
}

void vnf_test_bytes(struct vnf_test_packet *p, const void *data, uint32_t bytes)
{
	uint8_t *at = vnf_tp_append(p, __func__, bytes);

	if (at != NULL && bytes > 0)
		memcpy(at, data, bytes);
}

void vnf_test_pad(struct vnf_test_packet *p, uint32_t bytes)
{
	if (bytes > VNF_TEST_PACKET_MAX)
		vnf_tp_fail(p, __func__, -EMSGSIZE);
	p->pad = bytes;
}

void vnf_test_cut(struct vnf_test_packet *p, uint32_t bytes)
{
	p->cut = bytes;
}

/* ---- what is to be wrong ---- */

/* The last header, if it has this field. */
static struct vnf_test_layer *field_owner(struct vnf_test_packet *p, const char *where,
					  struct tp_field (*field)(uint8_t kind))
{
	if (!vnf_tp_good(p, where))
		return NULL;
	if (field(layer_last(p)->kind).bytes > 0)
		return layer_last(p);
	vnf_tp_fail(p, where, -EINVAL);
	return NULL;
}

void vnf_test_next(struct vnf_test_packet *p, uint16_t type)
{
	struct vnf_test_layer *last = field_owner(p, __func__, vnf_tp_next_field);

	if (last == NULL)
		return;
	if (vnf_tp_next_field(last->kind).bytes == 1 && type > UINT8_MAX) {
		vnf_tp_fail(p, __func__, -EINVAL);
		return;
	}
	last->next_set = true;
	next_put(p, last, type);
}

void vnf_test_length(struct vnf_test_packet *p, uint16_t length)
{
	struct vnf_test_layer *last = field_owner(p, __func__, vnf_tp_length_field);

	if (last == NULL)
		return;
	last->length_set = true;
	last->length = length;
}

void vnf_test_checksum(struct vnf_test_packet *p, uint16_t checksum)
{
	struct vnf_test_layer *last = field_owner(p, __func__, vnf_tp_checksum_field);

	if (last == NULL)
		return;
	last->checksum_set = true;
	last->checksum = checksum;
}

void vnf_test_checksum_wrong(struct vnf_test_packet *p)
{
	struct vnf_test_layer *last = field_owner(p, __func__, vnf_tp_checksum_field);

	if (last != NULL)
		last->checksum_wrong = true;
}

void vnf_test_patch(struct vnf_test_packet *p, uint32_t offset, const void *data, uint32_t bytes)
{
	const struct vnf_test_layer *last;

	if (!vnf_tp_good(p, __func__))
		return;
	last = layer_last(p);
	if (offset > last->bytes || bytes > last->bytes - offset)
		vnf_tp_fail(p, __func__, -EINVAL);
	else if (bytes > 0)
		memcpy(p->data + last->at + offset, data, bytes);
}
